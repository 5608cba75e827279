(() => {
  "use strict";
  const PAPER = 970; // pixels of a page of A4, where report.css shrinks figures to 0.7 so that 50 students fit on it
  const figures = [...document.querySelectorAll("figure.chart")];
  for (const figure of figures) {
    const target = figure.querySelector("div");
    if (!window.Plotly) {
      target.className = "missing";
      target.textContent = "This figure needs the file plotly.min.js, which lies in the folder of the reports. Its table is below.";
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
  window.addEventListener("beforeprint", () => fit(PAPER));
  window.addEventListener("afterprint", () => fit(null));
})();
