// The kinds of messages, in words.
const KINDS = {
  image: ["image", "Foto"],
  audio: ["mic", "Áudio"],
  video: ["video", "Vídeo"],
  document: ["file-text", "Documento"],
  sticker: ["image", "Figurinha"],
  location: ["map-pin", "Localização"],
  contact: ["contact-round", "Contato"],
  template: ["copy", "Modelo"],
  interactive: ["list", "Opções"],
  poll: ["list", "Enquete"],
};

export const iconOf = (kind) => KINDS[kind]?.[0] ?? "file";
export const nameOfKind = (kind) => KINDS[kind]?.[1] ?? "Mensagem";

/** The second line of a row. */
export function preview(row) {
  if (!row.ultima_mensagem_em) return "Sem mensagens";
  return row.ultima_mensagem_texto || nameOfKind(row.ultima_mensagem_tipo);
}
