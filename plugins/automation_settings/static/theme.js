// Before the first paint: light or dark, as the Airflow page around this one, else as Airflow was last, else the system.
(function () {
  "use strict";
  function wanted() {
    try {
      if (window.parent !== window) {
        return window.parent.document.documentElement.classList.contains("dark");
      }
    } catch (error) { /* another origin frames us */ }
    const kept = window.localStorage.getItem("theme");
    if (kept === "dark" || kept === "light") { return kept === "dark"; }
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function apply() { document.documentElement.dataset.theme = wanted() ? "dark" : "light"; }
  apply();
  window.addEventListener("storage", apply);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  try {
    if (window.parent !== window) {
      new MutationObserver(apply).observe(window.parent.document.documentElement, { attributeFilter: ["class"] });
    }
  } catch (error) { /* another origin frames us */ }
})();
