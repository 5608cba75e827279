// Address and password are sent to Python as one message that is stored nowhere: no property of the model ever holds them,
// so they cannot be saved with the notebook.
function field(label, type, autocomplete) {
  const wrapper = document.createElement("label");
  wrapper.textContent = label;
  const input = document.createElement("input");
  Object.assign(input, { type, autocomplete, required: true, spellcheck: false });
  wrapper.append(input);
  return [wrapper, input];
}

function render({ model, el }) {
  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take single letters as commands
  const form = document.createElement("form");
  form.className = "lmskit-sign-in";
  form.setAttribute("aria-label", "Sign in to lmskit");
  const [emailLabel, email] = field("E-mail address", "email", "username");
  const [passwordLabel, password] = field("Password", "password", "current-password");
  const sharedLabel = document.createElement("label");
  const shared = document.createElement("input");
  shared.type = "checkbox";
  sharedLabel.append(shared, " Also for the other notebooks of this JupyterLab");
  sharedLabel.className = "shared";
  sharedLabel.hidden = !model.get("can_share");
  const button = document.createElement("button");
  button.type = "submit";
  button.textContent = "Sign in";
  const message = document.createElement("p");
  message.setAttribute("role", "status");
  form.append(emailLabel, passwordLabel, sharedLabel, button, message);

  const submit = (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    message.className = "";
    message.textContent = "";
    model.send({ email: email.value, password: password.value, shared: shared.checked });
    password.value = "";
  };
  const showAnswer = (answer) => {
    button.disabled = false;
    message.textContent = answer.sentence;
    message.className = answer.good ? "good" : "bad";
    for (const part of [emailLabel, passwordLabel, button]) part.hidden = answer.good;
    sharedLabel.hidden = answer.good || !model.get("can_share");
    if (!answer.good) password.focus();
  };
  form.addEventListener("submit", submit);
  model.on("msg:custom", showAnswer);
  el.append(form);
  return () => {
    password.value = "";
    model.off("msg:custom", showAnswer);
  };
}

export default { render };
