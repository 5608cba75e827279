(() => {
  "use strict";
  const PAPER_WIDTH = 970; // pixels of an A4 page; report.css scales figures to 0.7 in print, so that 50 students fit on a page
  const figures = [...document.querySelectorAll("figure.chart")];
  for (const figure of figures) {
    const target = figure.querySelector("div");
    if (!window.Plotly) {
      target.className = "missing";
      target.textContent = "This figure needs the file plotly.min.js from the folder of the reports. The table below has the same content.";
      continue;
    }
    const spec = JSON.parse(figure.querySelector("script").textContent);
    Plotly.newPlot(target, spec.data, spec.layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
  const fit = (width) => {
    for (const figure of figures) {
      if (window.Plotly) Plotly.relayout(figure.querySelector("div"), width ? { width } : { width: null, autosize: true });
    }
  };
  window.addEventListener("beforeprint", () => fit(PAPER_WIDTH));
  window.addEventListener("afterprint", () => fit(null));
})();
