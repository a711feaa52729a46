// What is typed into a long form is kept as it is typed: on the server, and while the network is away in this
// browser, encrypted with a key that only the signed-in account is given and that is never stored here. So a
// shared computer keeps nothing that the next reader could open, and signing in again brings every field back.
"use strict";

(() => {
  const place = document.getElementById("bozze");
  if (!place || !window.fetch) return;
  const ADDRESS = "/intake/bozze";
  const PREFIX = "insieme-bozza:";
  const SENT = "insieme-bozza-inviata";
  const HIDDEN = new Set(["csrf", "form_token", "shown"]);
  const csrf = place.dataset.csrf;
  const text = new TextEncoder();

  const fields = (form) =>
    [...form.elements].filter((e) => e.name && !HIDDEN.has(e.name) && !["submit", "button", "file", "password", "fieldset"].includes(e.type));
  const typed = (form) => fields(form).filter((e) => e.type !== "hidden");
  // Long enough to hurt: a text to write, or five things to fill in. A form with a file is sent at once.
  const long = (form) =>
    !form.querySelector('input[type="file"]') &&
    (form.querySelector("textarea") || new Set(typed(form).map((e) => e.name)).size >= 5);
  const forms = [...document.querySelectorAll('form.insieme-form[method="post"]')].filter(
    (form) => new URL(form.action).pathname.startsWith("/intake/") && long(form),
  ).slice(0, 60); // no page has more; the server answers for so many
  const nameOf = (form) => new URL(form.action).pathname;

  function values(form) {
    return typed(form)
      .filter((e) => !["checkbox", "radio"].includes(e.type) || e.checked)
      .flatMap((e) => (e.type === "select-multiple" ? [...e.selectedOptions].map((o) => [e.name, o.value]) : [[e.name, e.value]]));
  }

  function restore(form, pairs) {
    const given = new Map();
    for (const [name, value] of pairs) given.set(name, [...(given.get(name) ?? []), value]);
    const place = new Map();
    for (const element of typed(form)) {
      const all = given.get(element.name) ?? [];
      if (["checkbox", "radio"].includes(element.type)) element.checked = all.includes(element.value);
      else if (element.type === "select-multiple") for (const o of element.options) o.selected = all.includes(o.value);
      else {
        const index = place.get(element.name) ?? 0;
        place.set(element.name, index + 1);
        element.value = all[index] ?? "";
      }
      element.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  // This browser's own keep.
  let tag = "";
  let key = null;
  let days = 7;
  const slot = (form) => PREFIX + tag + ":" + nameOf(form);
  const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const bytes = (words) => Uint8Array.from(atob(words), (c) => c.charCodeAt(0));

  async function keep(form) {
    if (!key) return false;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = text.encode(slot(form));
    const plain = text.encode(JSON.stringify(values(form)));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain);
    try {
      localStorage.setItem(slot(form), JSON.stringify({ at: Date.now(), iv: base64(iv), sealed: base64(sealed) }));
      return true;
    } catch {
      return false; // the browser's store is full or closed
    }
  }

  async function kept(form) {
    const entry = JSON.parse(localStorage.getItem(slot(form)) ?? "null");
    if (!entry || !key) return null;
    try {
      const iv = bytes(entry.iv);
      const additionalData = text.encode(slot(form));
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, bytes(entry.sealed));
      return { fields: JSON.parse(new TextDecoder().decode(plain)), saved_at: new Date(entry.at).toISOString() };
    } catch {
      localStorage.removeItem(slot(form));
      return null;
    }
  }

  function sweep() {
    for (const name of Object.keys(localStorage).filter((n) => n.startsWith(PREFIX))) {
      const at = JSON.parse(localStorage.getItem(name) ?? "null")?.at ?? 0;
      if (Date.now() - at > days * 86400000) localStorage.removeItem(name);
    }
  }

  // One form.
  const SAVED = "Bozza salvata: se devi interrompere, qui la ritrovi.";
  const AWAY = "Il server non risponde: ciò che scrivi è tenuto in questo browser, cifrato, e si ritrova dopo l'accesso.";
  const LOST = "Il server non risponde e questo browser non può tenere la bozza: non chiudere la pagina.";
  const CHOOSE = "Scegli se riprendere o scartare la bozza: fino ad allora ciò che scrivi non si salva.";

  function watch(form) {
    const state = document.createElement("p");
    state.className = "help draft-state";
    state.setAttribute("role", "status");
    form.append(state);
    const say = (words) => state.textContent !== words && (state.textContent = words);
    let waiting = 0;
    let dirty = false;
    let offered = false;
    let last = null;

    async function save() {
      clearTimeout(waiting);
      dirty = false;
      const mine = (last = new AbortController());
      const body = JSON.stringify({ csrf, form: nameOf(form), token: form.elements.form_token.value, fields: values(form) });
      try {
        const answer = await fetch(ADDRESS, {
          method: "POST", body, signal: mine.signal, cache: "no-store", keepalive: body.length < 60000,
          headers: { "content-type": "application/json", accept: "application/json" },
        });
        if (!answer.ok) throw new Error(String(answer.status));
        if (!dirty) localStorage.removeItem(slot(form));
        say(SAVED);
      } catch {
        if (mine.signal.aborted) return;
        say((await keep(form)) ? AWAY : LOST);
        waiting = setTimeout(save, 15000);
      }
    }

    function changed() {
      if (offered) return say(CHOOSE);
      dirty = true;
      clearTimeout(waiting);
      waiting = setTimeout(save, 700);
      if (!navigator.onLine) keep(form).then((done) => say(done ? AWAY : LOST));
    }

    function offer(draft) {
      offered = true;
      const box = document.createElement("div");
      box.className = "notice tone-warn draft-offer";
      box.setAttribute("role", "status");
      const words = document.createElement("p");
      const when = new Date(draft.saved_at).toLocaleString("it-IT", { dateStyle: "short", timeStyle: "short" });
      words.textContent = `C'è una bozza di questo modulo, del ${when}.`;
      const button = (label, style, act) => {
        const one = document.createElement("button");
        one.type = "button";
        one.className = `btn btn-sm btn-${style}`;
        one.textContent = label;
        one.addEventListener("click", () => {
          offered = false;
          box.remove();
          act();
        });
        return one;
      };
      box.append(
        words,
        button("Riprendi la bozza", "primary", () => {
          form.closest("details")?.setAttribute("open", "");
          restore(form, draft.fields);
          typed(form)[0]?.focus();
          save();
        }),
        button("Scarta la bozza", "outline-primary", () => {
          localStorage.removeItem(slot(form));
          say("");
          fetch(ADDRESS + "/scarta", {
            method: "POST", cache: "no-store", body: JSON.stringify({ csrf, form: nameOf(form) }),
            headers: { "content-type": "application/json", accept: "application/json" },
          }).catch(() => {});
        }),
      );
      (form.closest("details") ?? form).before(box);
    }

    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    window.addEventListener("online", () => (dirty || localStorage.getItem(slot(form))) && !offered && save());
    window.addEventListener("pagehide", () => dirty && !offered && save());
    form.addEventListener("submit", (event) => {
      if (!navigator.onLine) {
        event.preventDefault();
        keep(form).then((done) => say(done ? `Senza rete il modulo non è stato inviato. ${AWAY}` : LOST));
        return;
      }
      clearTimeout(waiting);
      dirty = false;
      last?.abort();
      sessionStorage.setItem(SENT, slot(form));
    });
    return offer;
  }

  async function start() {
    const query = new URLSearchParams(forms.map((form) => ["form", nameOf(form)]));
    const answer = await fetch(`${ADDRESS}?${query}`, { cache: "no-store", headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const known = await answer.json();
    ({ tag, days } = known);
    if (window.crypto?.subtle) key = await crypto.subtle.importKey("raw", bytes(known.key), "AES-GCM", false, ["encrypt", "decrypt"]);
    // A form that was just accepted leaves nothing behind here; the server has dropped its own draft by itself.
    const sent = sessionStorage.getItem(SENT);
    sessionStorage.removeItem(SENT);
    if (sent && new URLSearchParams(location.search).has("after")) localStorage.removeItem(sent);
    sweep();
    const refused = document.getElementById("errori");
    for (const form of forms) {
      const offer = watch(form);
      const draft = (await kept(form)) ?? known.drafts[nameOf(form)];
      // After a refusal the form shows what was typed already.
      if (draft && !(refused && nameOf(form) === location.pathname)) offer(draft);
    }
    place.dataset.ready = "true";
  }

  if (forms.length) start().catch(() => {});
})();
