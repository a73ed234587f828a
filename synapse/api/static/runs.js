// Runs, newest first: filtered, paged, and several cancelled or resumed at once.

import { get, post } from "./api.js";
import { empty, fill, h, say, trouble } from "./dom.js";
import { ago, count, duration, subject, when } from "./format.js";

const STATES = ["running", "succeeded", "failed", "cancelled"];
const PAGE = 50;
const EVERY = 3000;
const LABELS = 3;
/** As many runs as one request may name. */
const AT_ONCE = 500;

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
      picked.length === 2 ? h("a", { class: "button", href: `#/compare/${picked[1].id}/${picked[0].id}` }, "Compare") : null);
  }

  async function all(some, action, done) {
    const refused = [];
    let reached = 0;
    try {
      for (let at = 0; at < some.length; at += AT_ONCE) {
        const { items } = await post(`v1/runs/${action}`, { ids: some.slice(at, at + AT_ONCE).map((run) => run.id) });
        refused.push(...items.filter((each) => each.outcome === "refused"));
        reached += items.filter((each) => each.outcome === "done").length;
      }
    } catch (error) {
      list.prepend(trouble(error));
      return;
    }
    say(`${count(reached, "run")} ${done}`);
    chosen.clear();
    await load(null);
    if (refused.length) list.prepend(h("p", { class: "notice bad", role: "alert" }, `${count(refused.length, "run")} could not be ${done}: ${refused[0].error?.message ?? "no reason is given"}`));
  }

  async function load(cursor) {
    const parameters = new URLSearchParams({ limit: String(PAGE), ...(state && { state }), ...wanted, ...(cursor && { cursor }) });
    const page = await get(`v1/runs?${parameters}`, signal);
    shown = cursor ? [...shown, ...page.runs] : page.runs;
    next = page.next;
    draw();
  }

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
    list, h("p", {}, more));
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
    h("a", { href: `#/runs/${run.id}` }, subject(run)), labels(run),
    h("span", { class: `state ${run.state}` }, run.state),
    h("span", { class: "hint", title: when(run.created_at) }, took(run)))));
}

function labels(run) {
  return Object.entries(run.labels ?? {}).slice(0, LABELS).map(([key, value]) => h("span", { class: "label" }, `${key}:${value}`));
}

function took(run) {
  return run.finished_at ? `${duration(Date.parse(run.finished_at) - Date.parse(run.created_at))}, ${ago(run.created_at)}` : `begun ${ago(run.created_at)}`;
}

function nothing(state, narrowed) {
  if (narrowed) return empty("No run is like that", h("p", {}, h("a", { href: "#/runs" }, "Every run")));
  if (state) return empty(`No run is ${state}`, h("p", {}, h("a", { href: "#/runs" }, "Every run")));
  return empty("Nothing was asked yet", h("p", {}, "Runs are kept here: what was asked, how it went, and the report."), h("p", {}, h("a", { class: "button primary", href: "#/" }, "Ask a question")));
}
