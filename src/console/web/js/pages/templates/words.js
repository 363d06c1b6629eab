// Templates and their placeholders, as people call them.
export const KINDS = { contrato: "Contrato", boleto: "Boleto", proposta: "Proposta", certificado: "Certificado" };
/** Every installation has these; removing one restores the original. */
export const BUILT_IN = new Set(["contrato_padrao", "boleto_padrao"]);

/** Filled in by the system. */
export const AUTOMATIC = [
  ["cliente_nome", "Nome do cliente"], ["cliente_cnpj", "CNPJ ou CPF do cliente"], ["cliente_endereco", "Endereço do cliente"], ["cliente_email", "E-mail do cliente"], ["cliente_telefone", "Telefone do cliente"],
  ["empresa_nome", "Nome da empresa"], ["empresa_cnpj", "CNPJ da empresa"], ["empresa_endereco", "Endereço da empresa"], ["data_contrato", "Data de emissão"], ["data_geracao", "Data e hora em que é gerado"],
];
/** Asked for when a document is made. */
export const ASKED = [
  ["valor_servico", "Valor dos serviços"], ["data_inicio", "Início"], ["data_fim", "Término"], ["prazo_contrato", "Prazo"],
  ["descricao_servicos", "Descrição"], ["valor_total", "Valor"], ["data_vencimento", "Vencimento"], ["banco", "Banco"], ["agencia", "Agência"], ["conta", "Conta"], ["nosso_numero", "Nosso número"],
];
const LABELS = new Map([...AUTOMATIC, ...ASKED]);
const SYSTEM = new Set(AUTOMATIC.map(([name]) => name));

const words = (name) => name.replaceAll("_", " ").replaceAll(".", " ");
export const labelOf = (name) => LABELS.get(name) ?? words(name)[0].toUpperCase() + words(name).slice(1);
/** The placeholders of a text that somebody has to fill in, each once. */
export const askedFor = (text) => [...new Set([...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name))].filter((name) => !SYSTEM.has(name));
