"use strict";

const projects = document.getElementById("projects");
const trouble = document.getElementById("trouble");

async function call(method, path, body) {
  const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  const content = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Runs the action, then shows what is there now; a failure is told on the page. */
function doing(action) {
  return async (event) => {
    if (event) event.preventDefault();
    try {
      await action(event);
      await show();
      trouble.textContent = "";
    } catch (problem) {
      trouble.textContent = problem.message;
    }
  };
}

function rename(path, key, now) {
  const next = prompt("New name", now);
  return next === null ? null : call("PATCH", path, { [key]: next });
}

function taskRow(task) {
  const path = `/api/tasks/${task.id}`;
  return element("li", { className: task.done ? "done" : "" },
    element("input", { type: "checkbox", checked: task.done, ariaLabel: "done", onchange: doing(() => call("PATCH", path, { done: !task.done })) }),
    element("span", { textContent: task.title }),
    element("button", { textContent: "Edit", onclick: doing(() => rename(path, "title", task.title)) }),
    element("button", { textContent: "Delete", onclick: doing(() => call("DELETE", path)) }));
}

async function projectCard(project) {
  const path = `/api/projects/${project.id}`;
  const tasks = await call("GET", `${path}/tasks`);
  const form = element("form", { className: "new-task", onsubmit: doing(() => call("POST", `${path}/tasks`, { title: form.title_of_task.value })) },
    element("input", { type: "text", name: "title_of_task", placeholder: "A new task", ariaLabel: "A new task", required: true, maxLength: 500 }),
    element("button", { textContent: "Add task" }));
  return element("section", { id: `project-${project.id}` },
    element("header", {},
      element("h2", { textContent: project.name }),
      element("span", { textContent: `${project.done} of ${project.tasks} done` }),
      element("button", { textContent: "Edit", onclick: doing(() => rename(path, "name", project.name)) }),
      element("button", { textContent: "Delete", onclick: doing(() => call("DELETE", path)) })),
    element("ul", {}, ...tasks.map(taskRow)), form);
}

async function show() {
  const list = await call("GET", "/api/projects");
  projects.replaceChildren(...await Promise.all(list.map(projectCard)));
}

const newProject = document.getElementById("new-project");
newProject.onsubmit = doing(async () => {
  await call("POST", "/api/projects", { name: newProject.elements.name.value });
  newProject.reset();
});
doing(async () => {})();
