// SPDX-License-Identifier: Apache-2.0
// Sends a file while the person fills in the rest: in parts, over tus 1.0, with its progress. After
// a cut it goes on where it stopped, also when the page was loaded again and the same file chosen.
// The form then carries the file's id. Without script the file goes with the form.
const PART = 512 * 1024, PAUSE = 1000, PAUSE_MAX = 15000, TUS = { "Tus-Resumable": "1.0.0" };

class Upload extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.form = this.input.form;
    this.kept = this.querySelector("input[type=hidden]") || this.input.insertAdjacentElement("beforebegin", document.createElement("input"));
    this.kept.type = "hidden";
    this.kept.name = this.input.name;
    this.input.removeAttribute("name"); // its id goes with the form, not its bytes
    this.bar = document.createElement("progress");
    this.bar.max = 100;
    this.bar.hidden = true;
    this.bar.setAttribute("aria-label", this.dataset.sending);
    this.state = document.createElement("p");
    this.state.className = "hint";
    this.state.setAttribute("role", "status");
    this.input.after(this.bar, this.state);
    this.input.addEventListener("change", () => this.begin(this.input.files[0]));
  }

  // Only the file chosen last goes on.
  async begin(file) {
    const turn = this.turn = {};
    this.kept.value = "";
    this.say("");
    this.bar.hidden = true;
    if (!file) return this.hold(false);
    this.hold(true);
    try {
      const id = await this.send(file, turn);
      if (this.turn !== turn) return;
      this.kept.value = id;
      this.say(this.dataset.ready);
    } catch {
      if (this.turn !== turn) return;
      this.say(this.dataset.failed);
      this.input.value = "";
    }
    this.bar.hidden = true;
    this.hold(false);
  }

  async send(file, turn) {
    const memory = `upload:${this.getAttribute("field")}:${file.name}:${file.size}:${file.lastModified}`;
    let url = recall(memory), offset = url ? await this.offset(url, turn) : -1, part = PART;
    if (offset < 0) {
      url = await this.announce(file, turn);
      offset = 0;
      recall(memory, url);
    }
    this.bar.hidden = false;
    for (let at = offset; at < file.size;) {
      if (this.turn !== turn) throw new Error("another file was chosen");
      this.show(at, file.size);
      const base = at, answer = await this.ask("PATCH", url, { "Upload-Offset": at, "Content-Type": "application/offset+octet-stream" },
        file.slice(at, at + part), (sent) => this.turn === turn && this.show(base + sent, file.size));
      if (answer.status === 204) at = Number(answer.getResponseHeader("Upload-Offset"));
      else if (answer.status === 413 && part > 1024) part /= 2;
      else if (again(answer.status)) at = await this.offset(url, turn);
      else throw new Error(answer.status);
      if (at < 0) throw new Error("the upload is gone");
    }
    recall(memory, "");
    return url.split("/").pop();
  }

  async announce(file, turn) {
    const about = { org: this.getAttribute("org"), field: this.getAttribute("field"), filename: file.name };
    const metadata = Object.entries(about).map(([key, value]) => `${key} ${base64(value)}`).join(",");
    const answer = await this.until(turn, () => this.ask("POST", "/uploads/", { "Upload-Length": file.size, "Upload-Metadata": metadata }));
    if (answer.status !== 201) throw new Error(answer.status);
    return answer.getResponseHeader("Location");
  }

  // How much has arrived; -1 when there is no such upload any more.
  async offset(url, turn) {
    const answer = await this.until(turn, () => this.ask("HEAD", url, {}));
    return answer.status === 200 ? Number(answer.getResponseHeader("Upload-Offset")) : -1;
  }

  // Tries until somebody answers: a cut line is waited for.
  async until(turn, ask) {
    for (let pause = PAUSE; ; pause = Math.min(2 * pause, PAUSE_MAX)) {
      const answer = await ask();
      if (!again(answer.status)) return answer;
      this.say(this.dataset.waits);
      await new Promise((done) => { setTimeout(done, pause); addEventListener("online", done, { once: true }); });
      if (this.turn !== turn) throw new Error("another file was chosen");
    }
  }

  ask(method, url, fields, body, progress) {
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      for (const [name, value] of Object.entries({ ...TUS, "X-Form-Token": this.form.elements._csrf.value, ...fields }))
        request.setRequestHeader(name, value);
      if (progress) request.upload.addEventListener("progress", (event) => progress(event.loaded));
      request.addEventListener("loadend", () => done(request));
      request.send(body);
    });
  }

  show(sent, size) {
    const percent = Math.floor(100 * Math.min(sent, size) / size);
    this.bar.value = percent;
    this.say(`${this.dataset.sending} ${percent} %`);
  }

  say(text) { this.state.textContent = text; }

  // A form without its file would be another form.
  hold(busy) { for (const button of this.form.querySelectorAll("[type=submit]")) button.disabled = busy; }
}

// 0: nobody answered.
function again(status) { return status === 0 || status === 409 || status === 423 || status === 502 || status === 503; }

function base64(text) { return btoa(String.fromCharCode(...new TextEncoder().encode(text))); }

function recall(key, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(key);
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch { /* forbidden: it only begins anew */ }
  return null;
}

customElements.define("sy-upload", Upload);
