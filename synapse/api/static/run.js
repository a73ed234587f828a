// One run, live: its stages, when each step ran, what it gave, and every event.

import { get, post } from "./api.js";
import { fill, h, say, trouble, wide } from "./dom.js";
import { count, duration, subject, when } from "./format.js";
import { flow, stages } from "./flow.js";
import { tally, take, unknown } from "./model.js";
import { follow } from "./stream.js";
import { timeline } from "./timeline.js";
import { mark, waiting } from "./waiting.js";

export async function run(place, { parts: [id], signal }) {
  const detail = await get(`v1/runs/${encodeURIComponent(id)}`, signal);
  // Of the version that it was started of; of one that is gone only what its events tell is drawn.
  const definition = await get(`v1/workflows/${detail.workflow}/versions/${detail.workflow_version}`, signal).catch(() => null);
  const shape = definition ? stages(definition.definition.do) : [];
  document.title = `${subject(detail)} – Synapse`;
  let live = unknown();
  let chosen = null;
  let drawing = 0;
  let marked = mark([]);
  const head = h("div"), asked = h("div"), graph = wide("Stages"), times = wide("Steps"), panel = h("div"), log = h("div");
  fill(place,
    h("h1", { class: "question" }, subject(detail)), head, asked, graph, panel,
    h("details", { open: true }, h("summary", {}, "Steps"), times),
    h("details", {}, h("summary", {}, "Events"), log),
    h("details", {}, h("summary", {}, "Input"), h("pre", {}, JSON.stringify(detail.input, null, 2))));

  const choose = async (path) => {
    chosen = chosen === path ? null : path;
    await drawPanel();
    panel.querySelector("h2")?.focus();
  };

  function draw() {
    drawing = 0;
    if (signal.aborted) return;
    const now = Date.now();
    fill(head, header(id, live, now, act));
    fill(graph, flow(shape.length ? shape : [...new Set([...live.steps.values()].map((each) => each.name))].map((name) => ({ name, agent: "" })), [...live.steps.values()],
      (name) => choose([...live.steps.values()].find((each) => each.name === name).path), live.state === "succeeded"));
    fill(times, timeline(live, now, choose));
    fill(log, events(live.events));
    drawAsked();
  }

  async function drawAsked() {
    const now = mark(live.steps.values());
    // Only when something else is waited for: what somebody is writing stays.
    if (now === marked) return;
    marked = now;
    const held = asked.contains(document.activeElement);
    const detail = now === mark([]) ? null : await get(`v1/runs/${id}`, signal).catch(() => null);
    if (marked !== now || signal.aborted) return;
    fill(asked, waiting(id, detail?.waiting_for ?? [], () => head.querySelector("#run-state")?.focus()));
    if (held && !asked.contains(document.activeElement)) head.querySelector("#run-state")?.focus();
  }

  async function drawPanel() {
    if (chosen === null) return fill(panel);
    const steps = (await get(`v1/runs/${id}`, signal)).steps;
    const step = steps.find((each) => each.path === chosen);
    fill(panel, step ? about(step, live, () => choose(chosen)) : null);
  }

  async function act(what, done) {
    try {
      await post(`v1/runs/${id}/${what}`);
      say(done);
      if (what === "resume") watch(live.seq);
    } catch (error) {
      fill(panel, trouble(error));
    }
  }

  function watch(after) {
    follow(id, after, (event) => {
      live = take(live, event);
      // Events of one burst are one picture.
      drawing ||= requestAnimationFrame(draw);
      if (event.name.startsWith("run.") && event.name !== "run.created") say(`The run is ${live.state}`);
    }, signal).catch((error) => { if (!signal.aborted) fill(panel, trouble(error)); });
  }

  draw();
  watch(0);
  const clock = setInterval(() => { if (live.state === "running" && !document.hidden) draw(); }, 1000);
  signal.addEventListener("abort", () => clearInterval(clock));
}

function header(id, live, now, act) {
  const counts = tally(live.steps.values());
  const ended = live.endedAt !== null;
  const done = (counts.succeeded ?? 0) + (counts.skipped ?? 0);
  return h("div", { class: "head" },
    h("span", { class: `state big ${live.state}`, id: "run-state", tabindex: "-1" }, live.state),
    h("span", {}, live.startedAt === null ? "" : `${duration((live.endedAt ?? now) - live.startedAt)}, ${done} of ${count(live.steps.size, "step")} so far`.replace(ended ? " so far" : "\0", "")),
    h("span", { class: "actions" },
      live.state === "succeeded" ? h("a", { class: "button primary", href: `#/runs/${id}/report` }, "Read the report") : null,
      live.state === "running" ? h("button", { type: "button", id: "cancel", click: () => act("cancel", "The run is being cancelled") }, "Cancel") : null,
      live.state === "failed" || live.state === "cancelled" ? h("button", { type: "button", id: "resume", click: () => act("resume", "The run goes on") }, "Resume") : null),
    live.state === "failed" ? h("div", { class: "notice bad" }, h("strong", {}, "Why: "), reason(live.error), " Resume goes on from the last good steps.") : null,
    live.state === "cancelled" && live.error ? h("p", { class: "hint" }, reason(live.error)) : null);
}

function reason(error) {
  return typeof error === "string" ? error : error?.message ? `${error.message} (${error.code})` : "unknown";
}

function about(step, live, close) {
  const known = live.steps.get(step.path);
  return h("section", { class: "card", "aria-label": step.path },
    h("div", { class: "head" }, h("h2", { tabindex: "-1" }, step.path), h("span", { class: `state ${step.state}` }, step.state), h("button", { type: "button", click: close }, "Close")),
    h("dl", {}, h("dt", {}, "Agent"), h("dd", {}, step.agent ?? "none: it waits without a worker"),
      (known?.tries ?? []).map((each) => [h("dt", {}, `Try ${each.attempt}`), h("dd", {}, tried(each))])),
    step.error ? h("p", { class: "notice bad" }, `${step.error.message} (${step.error.code})`) : null,
    step.output === null ? null : h("details", { open: true }, h("summary", {}, "What it gave"), h("pre", {}, JSON.stringify(step.output, null, 2))),
    h("details", {}, h("summary", {}, "Its events"), events(live.events.filter((each) => each.step === step.path))));
}

function tried(each) {
  const waited = each.readyAt === null ? "" : `waited ${duration(each.startedAt - each.readyAt)}, `;
  return `${waited}${each.endedAt === null ? "runs" : `${each.state} after ${duration(each.endedAt - each.startedAt)}`} on ${each.worker ?? "a worker"}`;
}

function events(some) {
  return h("ol", { class: "events" }, some.slice(-500).map((event) => h("li", {},
    h("span", { class: "number" }, String(event.seq)), h("time", { datetime: event.at, title: when(event.at) }, event.at.slice(11, 23)),
    h("strong", {}, event.name), h("span", {}, event.step ?? ""), h("code", {}, Object.keys(event.data).length ? JSON.stringify(event.data) : ""))));
}
