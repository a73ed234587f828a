// A run as its events tell it: a fold, so that a reload, a reconnect and a late look all come to the same picture.

/** A run of which nothing is known yet. */
export function unknown() {
  return { state: "running", seq: 0, startedAt: null, endedAt: null, error: null, steps: new Map(), events: [] };
}

/** Take in one event; events come in order, without gaps. */
export function take(run, event) {
  const at = Date.parse(event.at);
  run.seq = event.seq;
  run.events.push(event);
  run.startedAt ??= at;
  if (event.name.startsWith("run.")) takeRun(run, event, at);
  else if (event.name.startsWith("step.")) takeStep(step(run, event.step), event, at);
  for (const path of event.data.next ?? []) ready(step(run, path), at);
  return run;
}

function takeRun(run, event, at) {
  if (event.name === "run.created" || event.name === "run.resumed") {
    Object.assign(run, { state: "running", endedAt: null, error: null });
    return;
  }
  Object.assign(run, { state: event.name.slice("run.".length), endedAt: at, error: event.data.error ?? event.data.reason ?? null });
  // Nothing of a run that has ended goes on.
  for (const each of run.steps.values()) {
    const last = each.tries.at(-1);
    if (last && last.endedAt === null) Object.assign(last, { endedAt: at, state: "stopped" });
    if (["ready", "running", "waiting"].includes(each.state)) Object.assign(each, { state: "stopped", waits: null });
  }
}

function step(run, path) {
  if (!run.steps.has(path)) {
    run.steps.set(path, { path, name: nameOf(path), agent: null, state: "ready", readyAt: null, tries: [], progress: null, error: null, waits: null });
  }
  return run.steps.get(path);
}

function ready(each, at) {
  Object.assign(each, { state: "ready", readyAt: at, progress: null });
}

function takeStep(each, event, at) {
  each.agent = event.agent ?? each.agent;
  const what = event.name.slice("step.".length);
  // What waits without a worker has one wait at a time, and no tries; `waits` tells one from the next.
  each.waits = what === "waiting" ? event.seq : null;
  if (what === "waiting") {
    Object.assign(each, { state: "waiting", error: null });
    return;
  }
  if (what === "started") {
    each.tries.push({ attempt: event.attempt, readyAt: each.readyAt, startedAt: at, endedAt: null, state: "running", worker: event.data.worker });
    Object.assign(each, { state: "running", progress: null });
    return;
  }
  if (what === "progress") {
    each.progress = event.data;
    return;
  }
  const last = each.tries.at(-1);
  if (last && last.endedAt === null) Object.assign(last, { endedAt: at, state: what });
  each.error = event.data.error ?? event.data ?? null;
  if (what === "lost") ready(each, at);
  else if (what === "retrying") Object.assign(each, { state: "waiting", readyAt: at + 1000 * (event.data.retry_in ?? 0) });
  else each.state = what;
  if (what === "succeeded") each.error = null;
}

/** The step's name in the workflow: its path without the places in fan-outs. */
export function nameOf(path) {
  return path.replace(/\[[^\]]*\]/g, "");
}

/** How many of some steps are in which state. */
export function tally(steps) {
  const counts = {};
  for (const each of steps) counts[each.state] = (counts[each.state] ?? 0) + 1;
  return counts;
}

/** The one state that stands for several steps. */
export function worst(steps) {
  const counts = tally(steps);
  return ["failed", "running", "waiting", "ready", "stopped", "skipped", "succeeded"].find((state) => counts[state]) ?? "idle";
}
