// API keys: who may call, with what scopes and until when. A secret is shown once, and kept nowhere, here neither.

import { get, post, request } from "./api.js";
import { empty, fill, h, say, trouble, wide } from "./dom.js";
import { ago, when } from "./format.js";

const SCOPES = {
  "runs:read": "see runs, reports and workflows",
  "runs:write": "start, cancel and resume runs",
  "workflows:write": "keep workflows of one's own",
  "metrics:read": "read metrics, health, queues and workers",
  admin: "everything in its tenant, keys too",
  operator: "everything in every tenant",
};
const USUAL = ["runs:read", "runs:write"];
const OVERLAPS = [["0", "at once"], ["3600", "in an hour"], ["86400", "in a day"], ["604800", "in a week"]];

export async function keys(place, { query, signal }) {
  const tenant = query.get("tenant") ?? "";
  const whose = tenant ? `?${new URLSearchParams({ tenant })}` : "";
  const list = h("div"), asked = h("div");

  async function load() {
    const found = await get(`v1/keys${whose}`, signal);
    fill(list, found.keys.length ? table(found.keys) : empty("No keys", h("p", {}, "Whoever calls this API uses the operator's token, or is on this machine.")));
  }

  /** A new key is shown until it was put away; what was asked before is over. */
  const take = (work) => async (event) => {
    event.preventDefault();
    const form = event.target;
    form.querySelector("[type=submit]").disabled = true;
    try {
      const made = await work();
      fill(asked, made.key ? secret(made, () => fill(asked)) : null);
      (asked.querySelector("#secret") ?? place.querySelector("h1")).focus();
      say(made.key ? `The key ${made.name} was made` : `The key ${made.name} was revoked`);
      await load();
    } catch (error) {
      if (signal.aborted) return;
      fill(form.querySelector(".wrong"), trouble(error));
      form.querySelector("[type=submit]").disabled = false;
    }
  };

  function ask(verb, submit, ...children) {
    fill(asked, h("form", { class: "card", submit }, children, h("div", { class: "wrong" }),
      h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, verb), h("button", { type: "button", click: () => fill(asked) }, "Leave it"))));
    asked.querySelector("input, select, button").focus();
  }

  const create = () => ask("Make the key", take(() => post("v1/keys", wanted(asked, tenant))),
    h("h2", {}, "A new key"),
    h("label", { for: "key-name" }, "What it is for"), h("input", { id: "key-name", required: true, maxlength: "100", autocomplete: "off" }),
    h("fieldset", {}, h("legend", {}, "What may be done with it"), Object.entries(SCOPES).map(([scope, about]) => h("p", { class: "choice" },
      h("input", { type: "checkbox", id: `scope-${scope}`, name: "scope", value: scope, checked: USUAL.includes(scope) }), h("label", { for: `scope-${scope}` }, scope, h("span", { class: "hint" }, ` ${about}`))))),
    h("label", { for: "key-days" }, "Days until it expires"), h("input", { id: "key-days", type: "number", min: "1", max: "3650", value: "90", "aria-describedby": "about-days" }),
    h("span", { class: "hint", id: "about-days" }, "Left empty, it never does."));

  const rotate = (key) => ask("Rotate it", take(() => post(`v1/keys/${key.id}/rotate${whose}`, { overlap_seconds: Number(asked.querySelector("select").value) })),
    h("h2", {}, `Rotate ${key.name}`), h("p", {}, "A new key with the same scopes is made."),
    h("label", { for: "overlap" }, "The old one stops working "), h("select", { id: "overlap" }, OVERLAPS.map(([value, label]) => h("option", { value, selected: value === "86400" }, label))));

  const revoke = (key) => ask("Revoke it", take(async () => (await request(`v1/keys/${key.id}${whose}`, { method: "DELETE" })).json()),
    h("h2", {}, `Revoke ${key.name}?`), h("p", {}, "Whoever uses it is refused from then on. That cannot be taken back."));

  const table = (some) => wide("Keys", h("table", {},
    h("thead", {}, h("tr", {}, ["Key", "Scopes", "State", "Expires", "Last used", "Made", ""].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, some.map((each) => h("tr", {},
      h("th", { scope: "row" }, each.name, h("br"), h("code", { class: "hint" }, `syn_${each.id}_…`)), h("td", {}, each.scopes.join(", ")), h("td", {}, h("span", { class: `state ${state(each)[1]}` }, state(each)[0])),
      h("td", {}, each.expires_at ? when(each.expires_at) : "never"), h("td", {}, each.last_used_at ? ago(each.last_used_at) : "never"), h("td", {}, `${ago(each.created_at)} by ${each.created_by}`),
      h("td", {}, state(each)[0] === "works" ? h("span", { class: "actions" },
        h("button", { type: "button", "aria-label": `Rotate ${each.name}`, click: () => rotate(each) }, "Rotate"), h("button", { type: "button", "aria-label": `Revoke ${each.name}`, click: () => revoke(each) }, "Revoke")) : null))))));

  await load();
  fill(place,
    h("div", { class: "head" }, h("h1", { tabindex: "-1" }, tenant ? `Keys of ${tenant}` : "Keys"), h("button", { type: "button", class: "primary", click: create }, "New key")),
    asked, list,
    h("details", {}, h("summary", {}, "Another tenant's keys"), h("form", { class: "narrow", submit: (event) => {
      event.preventDefault();
      location.hash = `#/keys?${new URLSearchParams({ tenant: event.target.querySelector("input").value.trim() })}`;
    } }, h("label", { for: "tenant" }, "Tenant"), h("input", { id: "tenant", required: true, maxlength: "63", autocomplete: "off", value: tenant }), h("p", { class: "hint" }, "Only an operator's key sees those."), h("button", { type: "submit" }, "Show"))));
}

function wanted(form, tenant) {
  const days = form.querySelector("#key-days").value;
  const scopes = [...form.querySelectorAll("[name=scope]:checked")].map((each) => each.value);
  return { name: form.querySelector("#key-name").value.trim(), scopes, expires_in_days: days === "" ? null : Number(days), ...(tenant && { tenant }) };
}

function secret(made, close) {
  const shown = h("input", { id: "secret", class: "code", readonly: "", value: made.key, "aria-describedby": "about-secret", focus: () => shown.select() });
  const copy = h("button", { type: "button", class: "primary", click: async () => {
    shown.select();
    await navigator.clipboard.writeText(made.key).then(() => say("Copied"), () => say("Copy it by hand"));
  } }, "Copy");
  return h("section", { class: "card", "aria-label": "The new key" },
    h("h2", {}, h("label", { for: "secret" }, `The key ${made.name}`)), shown,
    h("p", { class: "notice", id: "about-secret" }, "This is the only sight of it: only a hash is kept. Put it where it is used before you close this."),
    h("div", { class: "actions" }, copy, h("button", { type: "button", click: close }, "I have it")));
}

function state(key) {
  if (key.revoked_at) return ["revoked", "failed"];
  if (key.expires_at && Date.parse(key.expires_at) <= Date.now()) return ["expired", "waiting"];
  return ["works", "succeeded"];
}
