// Two runs side by side: how they were asked and went, and their reports statement by statement.

import { get } from "./api.js";
import { fill, h, outside, wide } from "./dom.js";
import { matched, words } from "./difference.js";
import { count, duration, subject, when } from "./format.js";
import { VERDICTS } from "./verdicts.js";

export async function compare(place, { parts: [one, other], signal }) {
  const ids = [one, other].map(encodeURIComponent);
  const runs = await Promise.all(ids.map((id) => get(`v1/runs/${id}`, signal)));
  const reports = await Promise.all(runs.map((run) => (run.state === "succeeded" ? get(`v1/runs/${run.id}/report?format=json`, signal).catch(() => null) : null)));
  document.title = "Two runs – Synapse";
  fill(place,
    h("h1", {}, "Two runs"),
    h("div", { class: "two" }, runs.map((run, at) => h("div", { class: "card" },
      h("p", { class: "hint" }, at === 0 ? "first" : "second"), h("h2", {}, h("a", { href: `#/runs/${run.id}` }, subject(run))),
      h("p", {}, h("span", { class: `state ${run.state}` }, run.state), " ", h("span", { class: "hint" }, when(run.created_at)), " ",
        reports[at] ? h("a", { href: `#/runs/${run.id}/report` }, "Report") : null)))),
    reports.every(Boolean) ? statements(...reports) : h("p", { class: "notice" }, unready(runs, reports)),
    h("h2", {}, "How they were asked, and went"), facts(...runs),
    reports.every(Boolean) ? [h("h2", {}, "Sources"), sources(...reports)] : null);
}

function unready(runs, reports) {
  const without = ["first", "second"].filter((_, at) => !reports[at]);
  return `${without.length === 2 ? "Neither run has" : `The ${without[0]} run does not have`} a report${runs.some((run) => run.state === "running") ? " yet" : ""}: only what was asked and how it went can be compared.`;
}

function statements(one, other) {
  const found = matched(of(one), of(other));
  const nothing = h("p", { class: "hint" }, "none");
  const list = (some) => (some.length ? h("ul", { class: "statements" }, some) : nothing.cloneNode(true));
  const same = !found.changed.length && !found.left.length && !found.right.length;
  return h("section", { "aria-label": "Statements" },
    h("p", { class: `notice ${same ? "good" : ""}`, id: "tally" }, same ? `Both say the same, in ${count(found.both.length, "statement")}.`
      : `${[["in both", found.both], ["changed", found.changed], ["only in the first", found.left], ["only in the second", found.right]]
        .filter(([, some]) => some.length).map(([where, some], at) => `${at ? some.length : count(some.length, "statement")} ${where}`).join(", ")}.`),
    found.changed.length ? [h("h2", {}, "Changed"), list(found.changed.map(change))] : null,
    found.left.length || found.right.length ? h("div", { class: "two" },
      h("section", { "aria-label": "Only in the first" }, h("h2", {}, "Only in the first"), list(found.left.map((each) => statement(each, "gone")))),
      h("section", { "aria-label": "Only in the second" }, h("h2", {}, "Only in the second"), list(found.right.map((each) => statement(each, "new"))))) : null,
    found.both.length ? h("details", { open: same }, h("summary", {}, `In both (${found.both.length})`), list(found.both.map(([left, right]) => statement(right, "", left)))) : null);
}

/** A report's statements, each once: what the answer says, the sections mostly say again. */
function of(report) {
  const known = new Map(report.evidence.map((each) => [each.id, each.snapshot]));
  const all = [...report.answer, ...report.sections.flatMap((each) => each.sentences)];
  return [...new Map(all.map((each) => [each.text, { text: each.text, verdict: each.verdict, sources: new Set(each.evidence.map((name) => known.get(name))).size }])).values()];
}

function statement(each, kind, before = each) {
  return h("li", { class: kind }, each.text, " ", h("span", { class: "hint" }, before.verdict === each.verdict ? standing(each) : `before: ${standing(before)}; now: ${standing(each)}`));
}

function change([left, right]) {
  return h("li", {}, words(left.text, right.text).map((part) => (part.kind === "same" ? part.text : [h(part.kind === "gone" ? "del" : "ins", {}, part.text.trimEnd()), part.text.slice(part.text.trimEnd().length)])),
    " ", h("span", { class: "hint" }, left.verdict === right.verdict ? standing(right) : `before: ${standing(left)}; now: ${standing(right)}`));
}

function standing(each) {
  return `${VERDICTS[each.verdict]?.[1] ?? each.verdict}, ${count(each.sources, "source")}`;
}

function facts(one, other) {
  const told = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));
  const names = (...some) => [...new Set(some.flatMap((each) => Object.keys(each ?? {})))];
  const length = (run) => (run.finished_at ? duration(Date.parse(run.finished_at) - Date.parse(run.created_at)) : "goes on");
  const values = (title, left, right) => names(left, right).map((name) => [title(name), told(left?.[name]), told(right?.[name])]);
  const worded = (name) => name.replaceAll("_", " ");
  const all = [["state", one.state, other.state], ["workflow", `${one.workflow} ${one.workflow_version}`, `${other.workflow} ${other.workflow_version}`],
    ...values(worded, one.input, other.input), ...values(worded, one.output?.counts, other.output?.counts)];
  const times = [["the run", length(one), length(other)], ...values((name) => name, spent(one), spent(other))];
  const [same, different] = [all.filter(([, left, right]) => left === right), all.filter(([, left, right]) => left !== right)];
  return [different.length ? table("What differs", different, "differs") : h("p", { class: "hint" }, "Nothing differs but the time they took."),
    h("details", {}, h("summary", {}, "How long it took"), table("How long it took", times)),
    same.length ? h("details", {}, h("summary", {}, `What is the same (${same.length})`), table("What is the same", same)) : null];
}

function table(label, rows, kind = null) {
  return wide(label, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "What"), h("th", { scope: "col" }, "first"), h("th", { scope: "col" }, "second"))),
    h("tbody", {}, rows.map(([name, left, right]) => h("tr", { class: kind }, h("th", { scope: "row" }, name), h("td", {}, left), h("td", {}, right))))));
}

/** How long the steps of each name ran in all, and how many there were. */
function spent(run) {
  const sums = {};
  for (const each of run.steps) {
    const name = each.path.replace(/\[[^\]]*\]/g, "");
    const [many, sum] = sums[name] ?? [0, 0];
    sums[name] = [many + 1, sum + (each.finished_at && each.started_at ? Date.parse(each.finished_at) - Date.parse(each.started_at) : 0)];
  }
  return Object.fromEntries(Object.entries(sums).map(([name, [many, sum]]) => [name, `${duration(sum)}${many > 1 ? ` in ${many} steps` : ""}`]));
}

function sources(one, other) {
  const cited = [one, other].map((report) => new Map(report.references.map((each) => [each.url, each])));
  const all = [...new Map([...cited[0], ...cited[1]]).values()];
  const in_ = (each) => cited.map((some) => some.has(each.url));
  const where = ([left, right]) => (left && right ? "both" : left ? "only the first" : "only the second");
  return wide("Sources", h("table", {}, h("thead", {}, h("tr", {}, ["Source", "Origin", "Cited by"].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, all.map((each) => h("tr", { class: in_(each).every(Boolean) ? "" : "differs" },
      h("th", { scope: "row" }, outside(each.url, each.title || each.url), h("br"), h("span", { class: "hint" }, each.url)), h("td", {}, [each.origin, each.published].filter(Boolean).join(", ")), h("td", {}, where(in_(each))))))));
}
