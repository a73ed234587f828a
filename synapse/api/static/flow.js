// A workflow's tree as a flow of stages: what comes after what, and what may not come at all.

import { h } from "./dom.js";
import { count } from "./format.js";
import { tally, worst } from "./model.js";

/** The stages of a definition's tree, in order: {name, agent, many, perhaps, group}. */
export function stages(node, context = {}) {
  if (node.step) return [{ name: node.step, agent: node.agent, skips: node.on_error === "skip", ...context }];
  for (const kind of ["timer", "wait_for", "approval"]) {
    if (node[kind]) return [{ name: node[kind], agent: kind.replace("_", " "), skips: node.on_timeout === "skip", ...context }];
  }
  if (node.chain) return node.chain.flatMap((each) => stages(each, context));
  if (node.group) return node.group.flatMap((each, at) => stages(each, { ...context, beside: at > 0 }));
  if (node.foreach) return stages(node.do, { ...context, many: node.foreach });
  if (node.chord) return [...stages(node.chord, context), ...stages(node.body, context)];
  if (node.when) return [...stages(node.then, { ...context, perhaps: node.when }), ...(node.otherwise ? stages(node.otherwise, { ...context, perhaps: `not ${node.when}` }) : [])];
  return [];
}

/** The flow as a list; `steps` are those of a run, which has `ended` or not; `choose` is called with a stage's name. */
export function flow(found, steps = [], choose = null, ended = false) {
  return h("ol", { class: "flow", "aria-label": "Stages" }, found.map((stage) => {
    const mine = steps.filter((each) => each.name === stage.name);
    const state = worst(mine);
    return h("li", { class: `stage ${state}${stage.perhaps ? " perhaps" : ""}${stage.beside ? " beside" : ""}`, title: stage.perhaps ? `only when ${stage.perhaps}` : "" },
      choose && mine.length ? h("button", { type: "button", id: `stage-${stage.name}`, click: () => choose(stage.name) }, stage.name) : h("strong", {}, stage.name),
      h("span", { class: "hint" }, stage.agent, stage.many ? " × each" : ""),
      steps.length || state !== "idle" ? h("span", { class: `state ${state}` }, told(mine, state, ended)) : null,
      mine.length > 1 ? h("span", { class: "cells", "aria-hidden": "true" }, mine.map((each) => h("i", { class: each.state }))) : null,
      progress(mine));
  }));
}

function told(mine, state, ended) {
  if (!mine.length) return ended ? "not needed" : "not yet";
  const counts = tally(mine);
  const done = (counts.succeeded ?? 0) + (counts.skipped ?? 0);
  const tries = mine.reduce((sum, each) => sum + Math.max(0, each.tries.length - 1), 0);
  return `${mine.length > 1 ? `${done} of ${mine.length} ` : ""}${state}${tries ? `, ${count(tries, "retry", "retries")}` : ""}`;
}

function progress(mine) {
  const at = mine.find((each) => each.state === "running" && each.progress?.total)?.progress;
  return at ? h("progress", { max: at.total, value: at.progress ?? at.done ?? 0, "aria-label": at.message ?? "progress" }) : null;
}
