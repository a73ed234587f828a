// Where else a run, a step or a worker can be looked at: Flower, Grafana, the trace. Shown where the operator has named an address.

import { get } from "./api.js";
import { outside } from "./dom.js";

let asked = null;

/** The addresses, asked for once. None where they cannot be had: they help, and nothing needs them. */
export function links() {
  asked ??= get("v1/links").catch(() => {
    asked = null;
    return {};
  });
  return asked;
}

/** Links of a run: its trace, and the numbers of the whole. */
export function ofRun(named, trace) {
  return [named.trace && trace ? outside(named.trace.replace("{trace_id}", encodeURIComponent(trace)), "Trace") : null, ofNumbers(named)];
}

/** Links of a step: its task. The task's id is the same for every try. */
export function ofStep(named, run, path) {
  return named.flower ? outside(`${named.flower}/task/${encodeURIComponent(`${run}:${path}`)}`, "Task in Flower") : null;
}

/** A worker's name, which leads to it. */
export function ofWorker(named, name) {
  return named.flower ? outside(`${named.flower}/worker/${encodeURIComponent(name)}`, name) : name;
}

/** Links of queues and workers as a whole. */
export function ofQueues(named) {
  return [named.flower ? outside(`${named.flower}/workers`, "Flower") : null, ofNumbers(named)];
}

function ofNumbers(named) {
  return named.grafana ? outside(named.grafana, "Grafana") : null;
}
