// What is typed is sent to Python as one message that is stored nowhere: no property of the model ever holds it, so it cannot be
// saved with the notebook.
let fields = 0;

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function fieldOf({ name, label, type, autocomplete, hint }) {
  const input = made("input", { name, type, autocomplete, spellcheck: false });
  const problem = made("div", { className: "problem" });
  const about = made("div", { id: `lmskit-about-${(fields += 1)}` }, made("div", { className: "hint", textContent: hint }), problem);
  input.setAttribute("aria-describedby", about.id);
  const view = made("div", { className: "field" }, made("label", {}, label, input), about);
  const show = (sentence) => {
    problem.textContent = sentence;
    input.setAttribute("aria-invalid", String(sentence !== ""));
  };
  return { name, input, view, show };
}

function panelOf(panels, number, { onSend, onSwitch }) {
  const { title, button, inputs, shares } = panels[number];
  const parts = inputs.map(fieldOf);
  const shared = made("input", { type: "checkbox" });
  const submit = made("button", { type: "submit", textContent: button });
  const message = made("p", {});
  message.setAttribute("role", "status");
  const others = panels.flatMap(({ link }, other) =>
    other === number ? [] : [made("button", { type: "button", className: "other", textContent: link, onclick: () => onSwitch(other) })],
  );
  const sharing = made("label", { className: "shared" }, shared, " Also for the other notebooks of this JupyterLab");
  const view = made(
    "form",
    { className: `lmskit-secret-form ${parts.length % 2 ? "odd" : ""}`, noValidate: true },
    made("div", { className: "title", textContent: title }),
    ...parts.map((part) => part.view),
    ...(shares ? [sharing] : []),
    made("div", { className: "buttons" }, submit, ...others),
    message,
  );
  view.setAttribute("aria-label", title);

  const say = (sentence, kind) => Object.assign(message, { textContent: sentence, className: kind });
  const forget = (isForgotten) => parts.filter(isForgotten).forEach((part) => (part.input.value = ""));
  view.addEventListener("submit", (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    say("", "");
    parts.forEach((part) => part.show(""));
    const values = Object.fromEntries(parts.map(({ name, input }) => [name, input.value]));
    onSend({ panel: number, values: shares ? { ...values, shared: shared.checked } : values });
    forget(({ input }) => input.type === "password");
  });
  view.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault(); // JupyterLab does so, too, so that the page would not do it by itself
    view.requestSubmit(submit);
  });
  const refuse = (sentence, problems) => {
    submit.disabled = false;
    say(parts.some((part) => problems[part.name]) ? "" : sentence, "bad");
    parts.forEach((part) => part.show(problems[part.name] ?? ""));
    const wrong = parts.find((part) => problems[part.name]) ?? parts.find((part) => part.input.type === "password");
    wrong.input.focus();
  };
  const finish = (sentence) => {
    forget(() => true);
    say(sentence, "good");
    view.replaceChildren(message);
  };
  const address = () => parts.find((part) => part.name === "email")?.input;
  return { number, view, address, refuse, finish, forget: () => forget(() => true), first: parts[0].input };
}

function render({ model, el }) {
  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take single letters as commands
  let shown;
  const show = (number, typed = "") => {
    shown?.forget();
    shown = panelOf(model.get("panels"), number, {
      onSend: (message) => model.send(message),
      onSwitch: (other) => {
        show(other, shown.address()?.value);
        shown.first.focus();
      },
    });
    if (shown.address()) shown.address().value = typed ?? "";
    el.replaceChildren(shown.view);
  };
  const receive = ({ panel, sentence, good, problems }) => {
    if (good) shown.finish(sentence);
    else if (panel === shown.number) shown.refuse(sentence, problems); // another view of the form may show another panel
  };
  show(0);
  model.on("msg:custom", receive);
  return () => {
    shown.forget();
    model.off("msg:custom", receive);
  };
}

export default { render };
