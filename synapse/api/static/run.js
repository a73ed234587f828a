// One run, live: its graph, when each step ran, what a step was given and gave, and the log.

import { get, post } from "./api.js";
import { fill, h, say, trouble, wide } from "./dom.js";
import { files } from "./files.js";
import { flow } from "./flow.js";
import { count, duration, subject, when } from "./format.js";
import { links, ofRun } from "./links.js";
import { log } from "./log.js";
import { tally, take, unknown } from "./model.js";
import { panel } from "./panel.js";
import { follow } from "./stream.js";
import { timeline } from "./timeline.js";
import { mark, waiting } from "./waiting.js";

export async function run(place, { parts: [id], signal }) {
  const [detail, named] = await Promise.all([get(`v1/runs/${encodeURIComponent(id)}`, signal), links()]);
  // Of the version that it was started of; of one that is gone only what its events tell is drawn.
  const definition = await get(`v1/workflows/${detail.workflow}/versions/${detail.workflow_version}`, signal).catch(() => null);
  document.title = `${subject(detail)} – Synapse`;
  let live = unknown();
  let drawing = 0;
  let marked = mark([]);
  const head = h("div"), asked = h("div"), wrong = h("div"), graph = wide("Stages"), times = wide("Steps");
  const chosen = panel(id, named, signal);
  const lines = log("Log");
  const logged = h("details", { toggle: () => drawLog() }, h("summary", {}, "Log"), lines.element);
  fill(place,
    h("h1", { class: "question" }, subject(detail)), head, asked, wrong, graph, chosen.element,
    h("details", { open: true }, h("summary", {}, "Steps"), times),
    logged, files(id, signal),
    h("details", {}, h("summary", {}, "Input"), h("pre", {}, JSON.stringify(detail.input, null, 2)), about(detail)));

  const choose = (path) => chosen.choose(path, live);
  // Events of one burst are one picture.
  const soon = () => { drawing ||= requestAnimationFrame(draw); };

  function draw() {
    drawing = 0;
    if (signal.aborted) return;
    const now = Date.now();
    fill(head, header(id, live, now, act, ofRun(named, detail.trace)));
    fill(graph, flow(definition?.definition.do ?? null, live, now, (name) => choose([...live.steps.values()].find((each) => each.name === name).path)));
    fill(times, live.steps.size ? timeline(live, now, choose) : h("p", { class: "hint" }, "No step is ready yet."));
    chosen.update(live);
    drawLog();
    drawAsked();
  }

  // What nobody looks at is not drawn.
  function drawLog() {
    if (logged.open) lines.show(live.events);
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

  async function act(what, done) {
    fill(wrong);
    try {
      await post(`v1/runs/${id}/${what}`);
      say(done);
      if (what === "resume") watch(live.seq);
    } catch (error) {
      fill(wrong, trouble(error));
    }
  }

  function watch(after) {
    follow(id, after, (event) => {
      live = take(live, event);
      soon();
      if (event.name.startsWith("run.") && event.name !== "run.created") say(`The run is ${live.state}`);
    }, signal).catch((error) => { if (!signal.aborted) fill(wrong, trouble(error)); });
  }

  draw();
  watch(0);
  const clock = setInterval(() => { if (live.state === "running" && !document.hidden) soon(); }, 1000);
  signal.addEventListener("abort", () => clearInterval(clock));
}

function header(id, live, now, act, elsewhere) {
  const counts = tally(live.steps.values());
  const ended = live.endedAt !== null;
  const done = (counts.succeeded ?? 0) + (counts.skipped ?? 0);
  return h("div", { class: "head", "data-run": id, "data-seq": String(live.seq) },
    h("span", { class: `state big ${live.state}`, id: "run-state", tabindex: "-1" }, live.state),
    h("span", {}, live.startedAt === null ? "" : `${duration((live.endedAt ?? now) - live.startedAt)}, ${done} of ${count(live.steps.size, "step")}${ended ? "" : " so far"}`),
    h("span", { class: "actions" },
      live.state === "succeeded" ? h("a", { class: "button primary", href: `#/runs/${id}/report` }, "Read the report") : null,
      live.state === "running" ? h("button", { type: "button", id: "cancel", click: () => act("cancel", "The run is being cancelled") }, "Cancel") : null,
      live.state === "failed" || live.state === "cancelled" ? h("button", { type: "button", id: "resume", click: () => act("resume", "The run goes on") }, "Resume") : null,
      elsewhere),
    live.state === "failed" ? h("div", { class: "notice bad" }, h("strong", {}, "Why: "), reason(live.error), " Resume goes on from the last good steps.") : null,
    live.state === "cancelled" && live.error ? h("p", { class: "hint" }, reason(live.error)) : null);
}

function about(detail) {
  const labels = Object.entries(detail.labels ?? {}).map(([key, value]) => `${key}:${value}`).join(", ");
  const facts = [["Workflow", h("a", { href: `#/workflows/${detail.workflow}` }, detail.workflow), `, version ${detail.workflow_version}`], ["Begun", when(detail.created_at)], labels ? ["Labels", labels] : [], ["Run", h("code", {}, detail.id)]];
  return h("dl", {}, facts.filter((each) => each.length).map(([name, ...value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function reason(error) {
  return typeof error === "string" ? error : error?.message ? `${error.message} (${error.code})` : "unknown";
}
