// SPDX-License-Identifier: Apache-2.0
// The rules of collections once more, naively: every row is looked at, every set is gathered by
// looking at all records, nothing is planned, indexed or remembered between questions. What the
// server answers is held against this.
const idOf = (ref) => ref.slice(27);

export class Model {
  // declared: the lines of «shuyuan check --json»; rows: collection → records as «data export»
  // says them; orgs: the lines of «org list» with their parents.
  constructor({ declared, rows, orgs, root }) {
    this.collections = new Map(declared.filter(({ kind }) => kind === "collection").map((one) => [one.name, one]));
    this.sets = new Map(declared.filter(({ kind }) => kind === "set").map((one) => [one.name, one]));
    this.routes = declared.filter(({ kind }) => kind === "route");
    this.data = rows;
    this.parents = new Map(orgs.map(({ id, parent }) => [id, parent]));
    this.root = root;
  }

  rows(name) { return this.data.get(name) ?? []; }
  orgOf(row) { return row.id.slice(0, 26); }

  under(org, above) {
    for (let at = org; at; at = this.parents.get(at)) if (at === above) return true;
    return false;
  }

  // Where a role counts: at the organisation or above.
  holds(actor, role, org) {
    if (role === "anyone" || role === "everyone") return true;
    return actor.grants.some((grant) => grant.role === role && this.under(org, grant.org));
  }

  mayUse(actor, route, org) { return route.allow.some((role) => this.holds(actor, role, org)); }

  terms(rule) {
    return rule.split(" and ").map((text) => {
      const [, path, op, value] = /^(\S+) (is not|is|in|under) (.+)$/.exec(text);
      return { path, op, value };
    });
  }

  // A term ties a row to who asks when it speaks of them.
  ties({ op, value }) {
    if (op === "is not" || !value.startsWith("@") || value === "@today" || value === "@it") return false;
    const set = this.sets.get(value.replace(/^@(me\.)?/, ""));
    return !set || !set.match.includes("@it");
  }

  ofInstance(set) {
    return this.collections.get(set.from).instance === true &&
      this.terms(set.match).every(({ value }) => { const part = this.sets.get(value.replace(/^@(me\.)?/, "")); return !part || this.ofInstance(part); });
  }

  members(set, ask) {
    const from = this.collections.get(set.from);
    const places = ask.collection.instance && ask.role && !this.ofInstance(set)
      ? ask.actor.grants.filter(({ role }) => ask.role === "anyone" || role === ask.role).map(({ org }) => org) : [ask.at];
    const found = [];
    for (const at of places)
      for (const row of this.rows(set.from))
        if ((from.instance || this.orgOf(row) === at) && this.allHold(set.match, row, { actor: ask.actor, collection: from, at }))
          found.push(set.take === "id" ? row.id : row[set.take]);
    return found;
  }

  look(path, row, collection) {
    if (path === "id") return row.id;
    if (path === "org") return `${this.root}.${this.orgOf(row)}`;
    const [name, then] = path.split(".");
    if (then === undefined || row[name] === undefined) return row[name];
    const target = collection.fields.find((field) => field.name === name).ref;
    return this.rows(target).find(({ id }) => id === row[name])?.[then];
  }

  termHolds({ path, op, value }, row, ask) {
    const seen = this.look(path, row, ask.collection);
    if (!value.startsWith("@")) return (String(seen ?? "") === value.replace(/^(['"])(.*)\1$/, "$2")) === (op === "is");
    if (value === "@today") return seen === new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
    let others;
    if (value === "@me") others = ask.actor.person ? [ask.actor.person] : [];
    else if (value === "@me.orgs") others = ask.actor.grants.filter(({ role }) => ask.role === "anyone" || role === ask.role).map(({ org }) => `${this.root}.${org}`);
    else others = this.members(this.sets.get(value.replace(/^@(me\.)?/, "")), ask);
    if (op === "is not") return others.length > 0 && seen !== others[0];
    if (seen === undefined) return false;
    if (op === "under") return others.some((other) => this.under(idOf(seen), idOf(other)));
    return others.includes(seen);
  }

  allHold(rule, row, ask) { return rule === undefined || this.terms(rule).every((term) => this.termHolds(term, row, ask)); }

  counts(actor, rule, collection, org) {
    if (rule.role === "app") return false; // nobody is one
    if (rule.role === "anyone" || this.holds(actor, rule.role, org)) return true;
    return collection.instance === true && rule.rule !== undefined && this.terms(rule.rule).some((term) => this.ties(term)) &&
      actor.grants.some(({ role }) => role === rule.role);
  }

  // What the rules of a verb open of a row; nothing: it is denied.
  fields(actor, verb, name, row) {
    const collection = this.collections.get(name), open = new Set();
    for (const rule of collection.rules) {
      if (rule.verb !== verb || !this.counts(actor, rule, collection, this.orgOf(row))) continue;
      if (this.allHold(rule.rule, row, { actor, collection, role: rule.role, at: this.orgOf(row) }))
        for (const field of rule.fields ?? collection.fields.map((one) => one.name)) open.add(field);
    }
    return open;
  }

  // The record as the actor is to get it, in JSON; undefined: it is not there for them.
  seen(actor, name, row) {
    const open = this.fields(actor, "read", name, row);
    if (open.size === 0) return undefined;
    const shown = { id: row.id, version: row.version };
    for (const { name: field } of this.collections.get(name).fields) if (open.has(field)) shown[field] = row[field] ?? null;
    return shown;
  }
}
