// A run as a live graph: a workflow's tree drawn as stages that follow each other, lie side by side, are repeated or perhaps left out.

import { h } from "./dom.js";
import { count, duration } from "./format.js";
import { tally, worst } from "./model.js";

const WAITS = ["timer", "wait_for", "approval"];

/** The stages of a definition's tree, in order: {name, agent, many, perhaps, beside}. */
export function stages(node, context = {}) {
  if (node.step) return [{ name: node.step, agent: node.agent, skips: node.on_error === "skip", ...context }];
  const kind = WAITS.find((each) => node[each]);
  if (kind) return [{ name: node[kind], agent: kind.replace("_", " "), skips: node.on_timeout === "skip", ...context }];
  if (node.chain) return node.chain.flatMap((each) => stages(each, context));
  if (node.group) return node.group.flatMap((each, at) => stages(each, { ...context, beside: at > 0 }));
  if (node.foreach) return stages(node.do, { ...context, many: node.foreach });
  if (node.chord) return [...stages(node.chord, context), ...stages(node.body, context)];
  if (node.when) return [...stages(node.then, { ...context, perhaps: node.when }), ...(node.otherwise ? stages(node.otherwise, { ...context, perhaps: `not ${node.when}` }) : [])];
  return [];
}

/** The graph of a run; `tree` is null where the definition is gone, and then every step that there is follows the one before. */
export function flow(tree, run, now, choose) {
  const steps = [...run.steps.values()];
  const names = [...new Set(steps.map((each) => each.name))];
  const draw = (stage) => box(stage, steps.filter((each) => each.name === stage.name), run, now, choose);
  return list(tree ? parts(tree, {}, draw) : names.map((name) => draw({ name, agent: "" })), "Stages");
}

function list(items, label = null) {
  return h("ol", { class: "flow", "aria-label": label }, items);
}

/** The items that a node is in the list that it stands in. */
function parts(node, context, draw) {
  if (node.chain) return node.chain.flatMap((each) => parts(each, context, draw));
  if (node.chord) return [...parts(node.chord, context, draw), ...parts(node.body, context, draw)];
  if (node.group) return [h("li", { class: "fork" }, h("span", { class: "title" }, "side by side"), h("ul", {}, node.group.map((each) => h("li", {}, list(parts(each, context, draw))))))];
  if (node.foreach) return node.do.step ? [draw({ ...stages(node.do)[0], many: node.foreach })] : [frame(`for each of ${node.foreach}`, node.items, parts(node.do, context, draw))];
  if (node.when) {
    const then = frame("only if needed", `when ${node.when}`, parts(node.then, context, draw));
    return node.otherwise ? [then, frame("otherwise", `when not ${node.when}`, parts(node.otherwise, context, draw))] : [then];
  }
  return stages(node, context).map(draw);
}

function frame(title, about, items) {
  return h("li", { class: `frame${title.startsWith("for each") ? "" : " perhaps"}`, title: about }, h("span", { class: "title" }, title), list(items));
}

function box(stage, mine, run, now, choose) {
  const state = worst(mine);
  return h("li", { class: `stage ${state}` },
    mine.length ? h("button", { type: "button", id: `stage-${stage.name}`, click: () => choose(stage.name) }, stage.name) : h("strong", {}, stage.name),
    h("span", { class: "hint" }, stage.agent, stage.many ? " × each" : ""),
    h("span", { class: "how" }, h("span", { class: `state ${state}` }, told(mine, state, run)), h("span", { class: "took" }, took(mine, now))),
    mine.length > 1 ? h("span", { class: "cells", "aria-hidden": "true" }, mine.map((each) => h("i", { class: each.state }))) : null,
    progress(mine));
}

function told(mine, state, run) {
  if (!mine.length) return run.state === "succeeded" ? "not needed" : "not yet";
  const counts = tally(mine);
  const tries = mine.reduce((sum, each) => sum + Math.max(0, each.tries.length - 1), 0);
  return [
    mine.length > 1 ? `${(counts.succeeded ?? 0) + (counts.skipped ?? 0)} of ${mine.length} done` : state,
    mine.length > 1 && counts.failed ? `${counts.failed} failed` : "",
    mine.length > 1 && counts.stopped ? `${counts.stopped} stopped` : "",
    tries ? count(tries, "retry", "retries") : "",
  ].filter(Boolean).join(", ");
}

/** From the first try's beginning to the last one's end. */
function took(mine, now) {
  const tries = mine.flatMap((each) => each.tries);
  if (!tries.length) return "";
  return duration(Math.max(...tries.map((each) => each.endedAt ?? now)) - Math.min(...tries.map((each) => each.startedAt)));
}

function progress(mine) {
  const at = mine.find((each) => each.state === "running" && each.progress?.total)?.progress;
  if (!at) return null;
  const done = at.progress ?? at.done ?? 0;
  return h("span", { class: "progress" }, h("progress", { max: at.total, value: done, "aria-label": at.message || "progress" }), at.message ? h("span", { class: "hint" }, at.message) : null);
}
