// A codice fiscale says sex, birth date and birth place: what is still empty is filled in, nothing is overwritten.
"use strict";

(() => {
  const code = document.querySelector('form[method="post"] input[name="tax_code"]');
  if (!code) return;
  const form = code.form;
  const LETTERS = "LMNPQRSTUV"; // what stands for a digit where two people would have the same code (omocodia)
  const MONTHS = "ABCDEHLMPRST";
  const digits = (part) => part.replace(/[A-Z]/g, (c) => (LETTERS.includes(c) ? LETTERS.indexOf(c) : c));
  let asked = "";
  const citizenship = form.elements.citizenship;
  let chosen = false;
  citizenship?.addEventListener("change", () => (chosen = true));
  // Keyboard first: a reader of health cards, or a hand, begins with the code.
  if (form.classList.contains("quick") && !document.getElementById("errori")) code.focus();
  const filled = new Set();

  function put(name, value) {
    const elements = form.elements[name];
    if (!elements || !value) return;
    if (elements instanceof RadioNodeList) {
      if (elements.value && !filled.has(name)) return;
      elements.value = value;
    } else {
      if (elements.value && !filled.has(name)) return;
      elements.value = value;
      elements.dispatchEvent(new Event("input", { bubbles: true }));
    }
    filled.add(name);
  }

  code.addEventListener("input", () => {
    const plain = code.value.toUpperCase().replace(/[\s.-]/g, "");
    if (!/^[A-Z]{6}[0-9L-V]{2}[A-EHLMPR-T][0-9L-V]{2}[A-Z][0-9L-V]{3}[A-Z]$/.test(plain)) return;
    const born = Number(digits(plain.slice(9, 11)));
    const month = MONTHS.indexOf(plain[8]) + 1;
    const short = Number(digits(plain.slice(6, 8)));
    const now = new Date().getFullYear();
    // Two digits of the year: nobody who comes here is under fourteen.
    const year = short + (2000 + short <= now - 14 ? 2000 : 1900);
    const two = (n) => String(n).padStart(2, "0");
    put("sex", born > 40 ? "F" : "M");
    put("birth_date", `${year}-${two(month)}-${two(born % 40)}`);
    const place = plain[11] + digits(plain.slice(12, 15));
    if (place === asked) return;
    asked = place;
    // Born abroad says nothing of the citizenship, and neither does our first guess any more: it is asked.
    if (place.startsWith("Z") && !chosen && citizenship?.value === "IT") citizenship.value = "";
    fetch(`/intake/luoghi/${place}`, { headers: { accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : { name: "" }))
      .then(({ name }) => put("birth_place", name))
      .catch(() => (asked = "")); // without a network the place is typed
  });
})();
