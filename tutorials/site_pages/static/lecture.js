// Lecture mode: the key L, or a button with data-lecture, shows one wide column in large type, and the key again all of it.
(() => {
  const root = document.documentElement;
  const remember = (on) => { try { localStorage.setItem("lecture", on ? "1" : ""); } catch { /* a page without storage */ } };
  const set = (on) => { root.classList.toggle("lecture", on); remember(on); };
  const typing = (at) => at.closest?.("input, textarea, select, [contenteditable]");
  try { root.classList.toggle("lecture", localStorage.getItem("lecture") === "1"); } catch { /* a page without storage */ }
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "l" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      // the place that was read stays in view
      const here = [...document.querySelectorAll("article p, article h2, article pre")].find((e) => e.getBoundingClientRect().bottom > 60);
      set(!root.classList.contains("lecture"));
      if (scrollY > 100) here?.scrollIntoView({ block: "start" });
    }
  });
  addEventListener("click", (event) => {
    if (event.target.closest?.("[data-lecture]")) set(!root.classList.contains("lecture"));
  });
})();
