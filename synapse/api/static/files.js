// The files of a run, asked for when they are looked at: its report in each form, the manifest that vouches for it, its log.

import { get, request } from "./api.js";
import { fill, h, trouble, wide } from "./dom.js";
import { size } from "./format.js";

const ABOUT = { "report.md": "the report, to read", "report.html": "the report, to send", "report.json": "the report, for programs", "manifest.json": "digests that vouch for them", "events.jsonl": "the log: an event a line" };

/** What is to be opened to see them; asked for anew each time, for a run that goes on has ever more of them. */
export function files(run, signal) {
  const list = h("div");
  const load = async () => {
    try {
      fill(list, table(run, (await get(`v1/runs/${run}/artifacts`, signal)).artifacts));
    } catch (error) {
      if (!signal.aborted) fill(list, trouble(error, load));
    }
  };
  return h("details", { toggle: (event) => { if (event.target.open) load(); } }, h("summary", {}, "Files"), list);
}

function table(run, found) {
  return wide("Files", h("table", {},
    h("thead", {}, h("tr", {}, ["Name", "What it is", "Size", "SHA-256"].map((each) => h("th", { scope: "col", class: each === "Size" ? "number" : null }, each)))),
    h("tbody", {}, found.map((each) => h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", class: "plain", click: () => download(`v1/runs/${run}/artifacts/${each.name}`, `${run.slice(0, 8)}-${each.name}`) }, each.name)),
      h("td", {}, ABOUT[each.name] ?? each.media_type), h("td", { class: "number" }, size(each.bytes)), h("td", {}, h("code", { title: each.sha256 }, each.sha256.slice(0, 12))))))));
}

/** Have the browser keep what is at an address of the API; a plain link could not carry the token. */
export async function download(address, name) {
  const link = h("a", { href: URL.createObjectURL(await (await request(address)).blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
