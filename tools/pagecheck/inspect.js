// Looks at the page that is open and gives what it finds as JSON.
(() => {
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const rgba = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const backdrop = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c.length >= 3 && (c.length < 4 || c[3] === 1)) return c;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const contrast = new Set();
  const judge = (element, colour) => {
    const a = luminance(rgba(colour).slice(0, 3)), b = luminance(backdrop(element).slice(0, 3));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) contrast.add(element.tagName + "." + (element.getAttribute("class") || "") + " " + ratio.toFixed(2));
  };
  const all = [...document.querySelectorAll("main *")];
  for (const e of all.slice(0, 4000)) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || e.matches(":disabled")) continue;
    if (e.closest("svg")) judge(e, getComputedStyle(e).fill);
    else judge(e, getComputedStyle(e).color);
  }
  const named = (e) => (e.textContent || "").trim() || e.getAttribute("aria-label") || e.labels?.length || [...(e.getAttribute("aria-labelledby") || "").split(" ")].some((id) => document.getElementById(id)?.textContent.trim());
  const table = document.querySelector("table#attendance");
  const charts = [...document.querySelectorAll(".chart")];
  const data = JSON.parse(document.getElementById("charts").textContent);
  return JSON.stringify({
    Rows: table ? table.tBodies[0].rows.length : 0,
    People: data.people ? data.people.length : -1,
    Charts: charts.length,
    Scripts: document.scripts.length,
    SortButtons: document.querySelectorAll("th[scope=col] > button").length,
    Hit: window.hit !== undefined,
    Sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth + 1,
    DrawnMillis: performance.getEntriesByType("navigation")[0].loadEventEnd,
    Empty: charts.filter((c) => !c.querySelector("svg") || c.querySelectorAll("svg path, svg rect").length < 3 || c.querySelectorAll("svg text").length < 2).map((c) => c.id),
    Contrast: [...contrast],
    Unnamed: [...document.querySelectorAll("button, input, [role=img], [role=region], table")].filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 80)),
  });
})()
