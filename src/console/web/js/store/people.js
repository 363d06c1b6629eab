// Colleagues and departments: who they are. Whether they are there is in `presence.js`.
import { computed, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { onSignOut } from "../lib/session.js";
import { onSnapshot } from "../lib/socket.js";

/** Rows of `GET agents/`, those who were deactivated too. */
export const agents = signal([]);
/** Rows of `GET atendimento/departamentos/`. */
export const departments = signal([]);

const byId = (rows) => new Map(rows.value.map((row) => [row.id, row]));
export const agentsById = computed(() => byId(agents));
export const departmentsById = computed(() => byId(departments));

export const nameOf = (agent) => agent?.display_name || agent?.username || "";

/** Loads both anew: after something was changed on a page. No event tells of it. */
export async function reloadPeople() {
  [agents.value, departments.value] = await Promise.all([api.all("agents/"), api.all("atendimento/departamentos/")]);
}

onSnapshot(reloadPeople);
onSignOut(() => {
  agents.value = [];
  departments.value = [];
});
