// SPDX-License-Identifier: Apache-2.0
// Keeps marked parts of a page fresh: <sy-live id="…" topic="app.topic …">. An event says only that
// something has changed: the part is then fetched anew, from the page itself or from `from`. All
// tabs of a browser share one stream: who holds the lock has it, and tells the others.
"use strict";
{
  const KEPT = 100; // events remembered for a tab that opens
  const SPREAD = 250, AGAIN = 5000, REFUSED = 60000; // ms
  const regions = new Set(), dirty = new Set(), memory = [];
  let last = Number(document.querySelector("meta[name=sy-live]")?.content || NaN); // what this page has seen
  let covers = NaN; // everything after this is in memory: of the tab that has the stream
  let stream, release, channel, timer, busy = false;

  class Live extends HTMLElement {
    connectedCallback() { regions.add(this); }
    disconnectedCallback() { regions.delete(this); dirty.delete(this); }
    get url() { return this.getAttribute("from") || location.pathname + location.search; }

    hears({ topic, about }) {
      const wanted = this.getAttribute("about");
      return (this.getAttribute("topic") || "").split(" ").includes(topic) && (!wanted || wanted === about);
    }

    // What somebody reads or fills in does not move under them: they are told instead.
    take(fresh) {
      if (!fresh || fresh.innerHTML === this.shown) return;
      this.shown = fresh.innerHTML;
      if (this.hasAttribute("announce") || this.contains(document.activeElement)) this.offer(fresh);
      else this.replaceChildren(...fresh.childNodes);
    }

    offer(fresh) {
      const status = document.createElement("p"), button = document.createElement("button");
      status.setAttribute("role", "status");
      status.className = "news";
      button.type = "button";
      button.className = "btn primary";
      button.textContent = this.dataset.news;
      button.addEventListener("click", () => this.replaceChildren(...fresh.childNodes));
      status.append(button);
      this.querySelector(":scope > .news")?.remove();
      this.prepend(status);
    }
  }

  function soon(pause) {
    if (!timer && !busy && dirty.size > 0 && !document.hidden) timer = setTimeout(fetchAll, pause ?? Math.random() * SPREAD);
  }

  async function fetchAll() {
    const batch = new Map();
    for (const region of dirty) batch.set(region.url, [...batch.get(region.url) ?? [], region]);
    dirty.clear();
    timer = 0;
    busy = true;
    const failed = (await Promise.all([...batch].map(fetchOne))).some((done) => !done);
    busy = false;
    soon(failed ? AGAIN : undefined);
  }

  // Whoever is signed out by now is sent elsewhere: the page stays as it was.
  async function fetchOne([url, list]) {
    try {
      const answer = await fetch(url, { headers: { accept: "text/html" } });
      if (answer.status >= 500) throw new Error(answer.status);
      if (!answer.ok || answer.redirected) return true;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of list) region.take(page.getElementById(region.id));
      return true;
    } catch {
      for (const region of list) if (regions.has(region)) dirty.add(region);
      return false;
    }
  }

  function apply(event) {
    if (event.id <= last) return; // the page has it already
    last = event.id;
    for (const region of regions) if (event.reset || region.hears(event)) dirty.add(region);
    soon();
  }

  // The one tab with the stream ------------------------------------------------------------

  function pass(event) {
    memory.push(event);
    if (memory.length > KEPT) covers = memory.shift().id;
    channel.postMessage(event);
    apply(event);
  }

  function open() {
    covers = last;
    stream = new EventSource(Number.isNaN(last) ? "/live" : `/live?after=${last}`);
    stream.onmessage = ({ lastEventId, data }) => pass({ ...JSON.parse(data), id: Number(lastEventId) });
    stream.addEventListener("reset", ({ lastEventId }) => pass({ reset: true, id: Number(lastEventId) }));
    // A browser gives up when it is refused: signed out, or no room.
    stream.onerror = () => { if (stream?.readyState === 2) setTimeout(() => { if (stream?.readyState === 2) open(); }, REFUSED * (1 + Math.random())); };
  }

  function hear({ data }) {
    if (!("hello" in data)) apply(data);
    else if (stream && data.hello < covers) channel.postMessage({ reset: true, id: memory.at(-1)?.id ?? covers });
    else if (stream) for (const event of memory) if (event.id > data.hello) channel.postMessage(event);
  }

  function begin() {
    channel = new BroadcastChannel("sy-live");
    channel.onmessage = hear;
    channel.postMessage({ hello: last });
    const lead = () => new Promise((done) => { release = done; open(); });
    if (navigator.locks) navigator.locks.request("sy-live", lead).catch(() => {});
    else lead(); // without TLS there are no locks: a stream a tab
  }

  function end() {
    stream?.close();
    channel?.close();
    release?.();
    stream = release = channel = undefined;
  }

  customElements.define("sy-live", Live);
  document.addEventListener("visibilitychange", () => soon(0));
  addEventListener("pagehide", end);
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    for (const region of regions) dirty.add(region);
    begin();
    soon(0);
  });
  begin();
}
