// Runs, newest first: filtered, paged, and several cancelled or resumed at once.

import { get, post } from "./api.js";
import { empty, fill, h, say, trouble, wide } from "./dom.js";
import { ago, count, duration, subject, when } from "./format.js";

const STATES = ["running", "succeeded", "failed", "cancelled"];
const PAGE = 50;
const EVERY = 3000;

export async function runs(place, { query, signal }) {
  const state = STATES.includes(query.get("state")) ? query.get("state") : "";
  const wanted = Object.fromEntries(["search", "label"].map((name) => [name, query.get(name) ?? ""]).filter(([, value]) => value));
  const chosen = new Set();
  let shown = [];
  let next = null;
  const list = h("div");
  const more = h("button", { type: "button", click: () => load(next) }, "Older runs");
  const bulk = h("div", { class: "actions", "aria-live": "polite" });

  const choose = (run, yes) => {
    if (yes) chosen.add(run.id);
    else chosen.delete(run.id);
    drawBulk();
  };

  function draw() {
    fill(list, shown.length ? rows(shown, choose, chosen) : nothing(state, Object.keys(wanted).length > 0));
    more.hidden = next === null;
    drawBulk();
  }

  function drawBulk() {
    const picked = shown.filter((run) => chosen.has(run.id));
    const going = picked.filter((run) => run.state === "running");
    const ended = picked.filter((run) => run.state === "failed" || run.state === "cancelled");
    fill(bulk,
      going.length ? h("button", { type: "button", click: () => all(going, "cancel", "cancelled") }, `Cancel ${going.length}`) : null,
      ended.length ? h("button", { type: "button", click: () => all(ended, "resume", "resumed") }, `Resume ${ended.length}`) : null,
      picked.length === 2 ? h("button", { type: "button", click: () => fill(compared, comparison(picked)) }, "Compare") : null);
  }

  async function all(some, action, done) {
    const failed = [];
    for (const run of some) await post(`v1/runs/${run.id}/${action}`).catch((error) => failed.push(error));
    say(`${count(some.length - failed.length, "run")} ${done}`);
    chosen.clear();
    fill(compared);
    await load(null);
    if (failed.length) list.prepend(trouble(failed[0]));
  }

  async function load(cursor) {
    const parameters = new URLSearchParams({ limit: String(PAGE), ...(state && { state }), ...wanted, ...(cursor && { cursor }) });
    const page = await get(`v1/runs?${parameters}`, signal);
    shown = cursor ? [...shown, ...page.runs] : page.runs;
    next = page.next;
    draw();
  }

  const compared = h("div");
  const go = (event) => {
    event.preventDefault();
    const asked = [["state", filter.value], ["search", words.value.trim()], ["label", label.value.trim()]].filter(([, value]) => value);
    location.hash = asked.length ? `#/runs?${new URLSearchParams(asked)}` : "#/runs";
  };
  const words = h("input", { id: "words", type: "search", maxlength: "200", value: wanted.search ?? "", placeholder: "acknowledg*" });
  const label = h("input", { id: "label", value: wanted.label ?? "", placeholder: "team:sales", autocomplete: "off" });
  const filter = h("select", { id: "filter", change: go },
    h("option", { value: "" }, "every state"), STATES.map((each) => h("option", { value: each, selected: each === state }, each)));
  await load(null);
  fill(place,
    h("div", { class: "head" }, h("h1", {}, "Runs"), bulk),
    h("form", { class: "filters", role: "search", submit: go },
      h("p", {}, h("label", { for: "filter" }, "Show"), filter), h("p", {}, h("label", { for: "words" }, "Words"), words), h("p", {}, h("label", { for: "label" }, "Label"), label),
      h("button", { type: "submit" }, "Find")),
    compared, list, h("p", {}, more));
  const timer = setInterval(async () => {
    // Only the first page moves; what was paged to stays where it is read.
    if (document.hidden || shown.length > PAGE || chosen.size || !shown.some((run) => run.state === "running")) return;
    await load(null).catch(() => {});
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Runs as a list of links; with `choose` also with boxes to tick. */
export function rows(found, choose = null, chosen = new Set()) {
  return h("ul", { class: "rows" }, found.map((run) => h("li", {},
    choose ? h("input", { type: "checkbox", "aria-label": `Choose ${subject(run)}`, checked: chosen.has(run.id), change: (event) => choose(run, event.target.checked) }) : null,
    h("a", { href: `#/runs/${run.id}` }, subject(run)),
    h("span", { class: `state ${run.state}` }, run.state),
    h("span", { class: "hint", title: when(run.created_at) }, took(run)))));
}

function took(run) {
  return run.finished_at ? `${duration(Date.parse(run.finished_at) - Date.parse(run.created_at))}, ${ago(run.created_at)}` : `since ${ago(run.created_at).replace(" ago", "")}`;
}

function comparison([one, other]) {
  const names = [...new Set([...Object.keys(one.input), ...Object.keys(other.input)])];
  const row = (name, left, right) => h("tr", { class: left === right ? "" : "differs" }, h("th", { scope: "row" }, name), h("td", {}, left), h("td", {}, right));
  const link = (run) => h("th", { scope: "col" }, h("a", { href: `#/runs/${run.id}` }, run.id.slice(0, 8)));
  const told = (value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
  const counts = (run) => run.output?.counts ?? {};
  return h("div", { class: "card" }, h("h2", {}, "Side by side"), wide("Side by side", h("table", {},
    h("thead", {}, h("tr", {}, h("td"), link(one), link(other))),
    h("tbody", {}, row("state", one.state, other.state), row("took", took(one), took(other)),
      names.map((name) => row(name, told(one.input[name]), told(other.input[name]))),
      Object.keys({ ...counts(one), ...counts(other) }).map((name) => row(name, told(counts(one)[name]), told(counts(other)[name])))))));
}

function nothing(state, narrowed) {
  if (narrowed) return empty("No run is like that", h("p", {}, h("a", { href: "#/runs" }, "Every run")));
  return empty(state ? `No run is ${state}` : "Nothing was asked yet", h("p", {}, h("a", { href: state ? "#/runs" : "#/" }, state ? "Every run" : "Ask a question")));
}
