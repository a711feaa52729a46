// The answer to an access request: this reader's browser asks each service for its signed part and hands them on.
"use strict";

(() => {
  const form = document.querySelector("form[data-parts]");
  if (!form) return;
  const said = document.querySelector("[data-parts-said]");
  const ready = () => form.querySelectorAll("button").forEach((button) => (button.disabled = false));

  async function gather() {
    const missing = [];
    for (const item of document.querySelectorAll("[data-part]")) {
      const state = item.querySelector("[data-state]");
      try {
        const answer = await fetch(item.dataset.part, { headers: { accept: "application/json" }, cache: "no-store" });
        if (!answer.ok) throw new Error(String(answer.status));
        const { document: signed } = await answer.json();
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name: "documents", value: signed });
        form.append(field);
        state.textContent = "raccolti";
      } catch {
        state.textContent = "non raggiungibile";
        missing.push(item.dataset.name);
      }
    }
    said.textContent = missing.length
      ? `Mancano i dati di: ${missing.join(", ")}. Ricarica la pagina per riprovare: una risposta incompleta non vale.`
      : "Tutti i servizi hanno risposto: scarica la copia per la persona.";
    if (!missing.length) ready();
  }

  gather();
})();
