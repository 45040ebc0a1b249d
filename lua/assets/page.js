// SPDX-License-Identifier: Apache-2.0
// What makes pages smoother where script runs; nothing depends on it.
"use strict";

// A form is sent once: the button that was pressed shows that it works. The server's write key
// makes a double send harmless; this only spares the person the doubt.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method !== "post") return;
  form.dataset.sent = "yes";
  const button = event.submitter;
  // After this turn: a disabled button's name and value would not be sent.
  if (button) setTimeout(() => { button.disabled = true; button.setAttribute("aria-busy", "true"); });
});

// Back from the next page: the form can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});

// Keeps unsent text of the form inside, for this tab only, until it was stored or the person
// leaves: <sy-draft name="leave.ask"><form>…</form></sy-draft>. Never passwords or files.
const DRAFT = "draft:";
class Draft extends HTMLElement {
  connectedCallback() {
    this.key = DRAFT + location.pathname + "#" + (this.getAttribute("name") || "");
    if (!this.hasAttribute("answered")) this.fill();
    this.addEventListener("input", () => this.keep());
    this.addEventListener("change", () => this.keep());
  }
  fields() {
    return [...this.querySelectorAll("input, select, textarea")]
      .filter((field) => field.name && !/^(hidden|password|file)$/.test(field.type));
  }
  keep() {
    const texts = this.fields().map((field) => [field.name, field.value, field.checked]);
    try { sessionStorage.setItem(this.key, JSON.stringify(texts)); } catch { /* full or forbidden */ }
  }
  fill() {
    let texts;
    try { texts = JSON.parse(sessionStorage.getItem(this.key) || "[]"); } catch { return; }
    for (const field of this.fields()) {
      const choice = field.type === "radio" || field.type === "checkbox";
      const kept = texts.find(([name, value]) => name === field.name && (!choice || value === field.value));
      if (!kept) continue;
      if (choice) field.checked = kept[2];
      else field.value = kept[1];
    }
  }
}
customElements.define("sy-draft", Draft);

// A form that outlives a cut line: <sy-send note="…"><form>…</form></sy-send>. What cannot be sent
// waits, is said so, and goes out when the line is back, once: the write key is the same. An answer
// that is not a redirect is asked for anew by the browser itself, which then shows it.
const AGAIN_MS = 5000;
class Send extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); this.send(); });
    addEventListener("online", () => { if (this.waits) this.send(); });
  }
  async send() {
    if (this.busy) return;
    this.busy = true;
    try {
      const answer = await fetch(this.form.action, { method: "POST", body: new URLSearchParams(new FormData(this.form)) });
      if (answer.redirected) location.assign(answer.url);
      else this.form.submit();
    } catch {
      this.wait();
    } finally {
      this.busy = false;
    }
  }
  wait() {
    clearTimeout(this.waits);
    this.waits = setTimeout(() => this.send(), AGAIN_MS);
    this.said ??= Object.assign(document.createElement("p"), { className: "callout warn", textContent: this.getAttribute("note") });
    this.said.setAttribute("role", "status");
    this.form.querySelector(".send").before(this.said);
  }
}
customElements.define("sy-send", Send);

// Stored, or another person at this screen: drafts are over.
const over = document.querySelector("[data-drafts-over]");
if (over) {
  try {
    const path = over.dataset.draftsOver;
    for (const key of Object.keys(sessionStorage))
      if (key.startsWith(DRAFT + path)) sessionStorage.removeItem(key);
  } catch { /* forbidden: there are none */ }
}
