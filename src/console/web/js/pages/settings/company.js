// Who the company is: on documents, and where charges are paid.
import { html } from "../../lib/html.js";
import { AddressFields } from "../../components/address.js";
import { SelectField, TextField } from "../../components/form.js";
import { Card } from "../../components/page.js";
import { Section } from "./section.js";

const REGIMES = [["", "Não informado"], ["1", "1 – Simples Nacional"], ["2", "2 – Simples Nacional, com excesso de receita"], ["3", "3 – Regime normal"]];
const ADDRESS = { cep: "endereco.cep", street: "endereco.logradouro", number: "endereco.numero", extra: "endereco.complemento", district: "endereco.bairro", city: "endereco.cidade", state: "endereco.uf" };
/** `nome` is another name of `nome_fantasia`. */
const read = ({ nome, ...company }) => company;

export const Company = () => html`<${Section} part="company" read=${read}>${(form) => html`
  <${Card} title="Empresa" lead="Aparece nos contratos e nos boletos."><div class="fields">
    <${TextField} form=${form} name="razao_social" label="Razão social" maxlength="100" /><${TextField} form=${form} name="nome_fantasia" label="Nome fantasia" maxlength="100" />
    <${TextField} form=${form} name="cnpj" label="CNPJ" maxlength="32" /><${SelectField} form=${form} name="regime_tributario" label="Regime tributário (CRT)" options=${REGIMES} />
    <${TextField} form=${form} name="inscricao_estadual" label="Inscrição estadual" maxlength="20" /><${TextField} form=${form} name="inscricao_municipal" label="Inscrição municipal" maxlength="20" />
    <${TextField} form=${form} name="cnae_principal" label="CNAE principal" maxlength="40" />
    <${TextField} form=${form} name="telefone" label="Telefone" type="tel" maxlength="20" /><${TextField} form=${form} name="email" label="E-mail" type="email" /><${TextField} form=${form} name="site" label="Site" type="url" placeholder="https://" maxlength="200" />
  </div><//>
  <${Card} title="Endereço"><${AddressFields} form=${form} names=${ADDRESS} /><//>
  <${Card} title="Conta para boletos" lead="Sem ela o boleto sai como aviso de cobrança, sem código de barras."><div class="fields">
    <${TextField} form=${form} name="dados_bancarios.banco" label="Banco" placeholder="001" hint="Código de 3 dígitos." inputmode="numeric" />
    <${TextField} form=${form} name="dados_bancarios.agencia" label="Agência" inputmode="numeric" /><${TextField} form=${form} name="dados_bancarios.agencia_digito" label="Dígito da agência" maxlength="2" />
    <${TextField} form=${form} name="dados_bancarios.conta" label="Conta" inputmode="numeric" /><${TextField} form=${form} name="dados_bancarios.conta_digito" label="Dígito da conta" maxlength="2" />
    <${TextField} form=${form} name="dados_bancarios.carteira" label="Carteira" maxlength="5" /><${TextField} form=${form} name="dados_bancarios.convenio" label="Convênio" inputmode="numeric" />
  </div><//>
  <${Card} title="Pix" lead="Com a chave, boletos trazem também o QR code do Pix."><div class="fields">
    <${TextField} form=${form} name="pix.chave" label="Chave" hint="CPF, CNPJ, telefone com +55, e-mail ou aleatória." maxlength="77" /><${TextField} form=${form} name="pix.nome" label="Quem recebe" hint="Vazio: a razão social." maxlength="25" /><${TextField} form=${form} name="pix.cidade" label="Cidade" hint="Vazio: a do endereço." maxlength="15" />
  </div><//>`}<//>`;
