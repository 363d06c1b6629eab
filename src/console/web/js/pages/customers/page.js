// Customers, the people at them, their documents, and the groups that companies form.
import { html } from "../../lib/html.js";
import { Page, Sections } from "../../components/page.js";
import { CompanyGroups } from "./groups.js";
import { Contacts } from "./contacts.js";
import { CustomerPage } from "./customer.js";
import { Customers } from "./list.js";
import { Documents } from "./documents.js";

const PATH = "/clientes";
const SECTIONS = [[PATH, "Clientes"], [`${PATH}/contatos`, "Contatos"], [`${PATH}/documentos`, "Documentos"], [`${PATH}/grupos`, "Grupos de empresas"]];
const LISTS = { contatos: Contacts, documentos: Documents, grupos: CompanyGroups };

export default function CustomersPage({ params: { section, id } }) {
  if (section && !(section in LISTS)) return html`<${CustomerPage} key=${section} id=${section === "novo" ? null : Number(section)} section=${id ?? "cadastro"} />`;
  const List = LISTS[section] ?? Customers;
  return html`<${List} key=${section ?? ""} frame=${(actions, children) => html`<${Page} title="Clientes" lead="Quem fala com a empresa." actions=${actions}><${Sections} label="Clientes" items=${SECTIONS} current=${section ? `${PATH}/${section}` : PATH} />${children}<//>`} />`;
}
