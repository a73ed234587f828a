// One step of a run, looked at closely: its tries, what it was given and gave, its own log.

import { get } from "./api.js";
import { fill, h, trouble } from "./dom.js";
import { duration } from "./format.js";
import { ofStep } from "./links.js";
import { log } from "./log.js";

const MOST = 40_000;

/** The place of a run's chosen step: choose(path, live) shows or puts away, update(live) follows what happens. */
export function panel(run, named, signal) {
  const element = h("div");
  let path = null;
  let seen = "";
  let lines = null;

  const stamp = (live) => JSON.stringify([path, live.steps.get(path)?.state, live.steps.get(path)?.tries.length]);

  async function load(live) {
    seen = stamp(live);
    const wanted = path;
    const found = await get(`v1/runs/${run}/steps/${encodeURIComponent(wanted)}`, signal).catch((error) => error);
    if (signal.aborted || path !== wanted) return;
    const held = element.contains(document.activeElement);
    if (found instanceof Error) fill(element, trouble(found, () => load(live)));
    else {
      lines = log(`Log of ${path}`, path);
      fill(element, about(found, lines.element, ofStep(named, run, path), () => choose(path, live)));
      lines.show(live.events);
    }
    if (held && !element.contains(document.activeElement)) element.querySelector("h2")?.focus();
  }

  async function choose(other, live) {
    const before = path;
    path = path === other ? null : other;
    if (path === null) {
      fill(element);
      document.getElementById(`step-${before}`)?.focus();
      return;
    }
    await load(live);
    element.querySelector("h2")?.focus();
    element.scrollIntoView({ block: "nearest" });
  }

  return {
    element,
    choose,
    update: (live) => {
      if (path === null) return;
      lines?.show(live.events);
      if (stamp(live) !== seen) load(live);
    },
  };
}

function about(step, lines, task, close) {
  return h("section", { class: "card", "aria-label": step.path },
    h("div", { class: "head" }, h("h2", { tabindex: "-1" }, step.path), h("span", { class: `state ${step.state}` }, step.state), task, h("button", { type: "button", click: close }, "Close")),
    h("dl", {}, h("dt", {}, "Agent"), h("dd", {}, step.agent ?? "none: it waits without a worker"),
      step.waited_seconds === null ? null : [h("dt", {}, "Waited"), h("dd", {}, `${duration(1000 * step.waited_seconds)} for a worker, before the latest try`)],
      step.attempts.map((each) => [h("dt", {}, `Try ${each.number}`), h("dd", {}, tried(each))])),
    step.error ? h("p", { class: "notice bad" }, `${step.error.message} (${step.error.code})`) : null,
    value("What it was given", step.input, false), value("What it gave", step.output, true),
    h("details", {}, h("summary", {}, "Its log"), lines));
}

function value(title, given, open) {
  if (given === null) return null;
  const text = JSON.stringify(given, null, 2);
  return h("details", { open }, h("summary", {}, title), h("pre", { tabindex: "0" }, text.slice(0, MOST)), text.length > MOST ? h("p", { class: "hint" }, `and ${text.length - MOST} characters more`) : null);
}

function tried(each) {
  const error = each.error ? `: ${each.error.message} (${each.error.code})` : "";
  return `${each.seconds === null ? "runs" : `${each.outcome} after ${duration(1000 * each.seconds)}`} on ${each.worker ?? "a worker"}${error}`;
}
