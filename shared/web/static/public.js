// A link with a code behind the # fills the code's field: what stands there never reaches a server or its logs.
"use strict";

(() => {
  const field = document.querySelector('input[name="code"]');
  const code = decodeURIComponent(location.hash.slice(1));
  if (field && !field.value && /^[0-9A-Z-]{12,20}$/i.test(code)) {
    field.value = code;
    history.replaceState(null, "", location.pathname);
    field.focus();
  }
})();
