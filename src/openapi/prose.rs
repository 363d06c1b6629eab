//! What the document says before it lists routes.

use utoipa::openapi::{Tag, tag::TagBuilder};

pub(super) const TITLE: &str = "DX Connect API";

pub(super) const INTRODUCTION: &str = "\
Atendimento ao cliente pelo WhatsApp: pessoas, departamentos, filas, atendimentos, chats e mensagens.

## Primeiros passos

1. `POST /api/v1/auth/token/` com `username` e `password` devolve `access` e `refresh`.
2. Os outros pedidos levam `Authorization: Bearer <access>`; um `access` vale uma hora.
3. `POST /api/v1/auth/refresh/` troca o `refresh` por um novo `access`.

## Convenções

- Cada caminho é atendido com e sem a barra final.
- Um corpo é JSON. Os mesmos campos também são aceitos como formulário \
(`application/x-www-form-urlencoded` ou `multipart/form-data`).
- Textos são aparados e têm um tamanho máximo em caracteres. Campos desconhecidos são ignorados.
- Instantes são RFC 3339 em UTC (`2026-01-02T03:04:05Z`). Um instante sem fuso em um pedido é o \
horário de Brasília.
- Listas vêm em páginas: `count`, `next`, `previous` e `results`; `page` e `page_size` escolhem a \
página. Um `ordering` com `-` na frente inverte a ordem; nomes desconhecidos são ignorados.
- Um filtro vazio conta como ausente. Um filtro errado é 400.
- Erros de campos são 400 com `{\"campo\": [\"…\"]}`; todos os outros erros têm `error` e `detail`.
- Um método que um caminho não conhece é 405, com o cabeçalho `Allow`.
- `X-Request-Id` volta em toda resposta e também está no log do servidor.

## WebSocket

OpenAPI não descreve WebSockets. `/ws/whatsapp/` e `/ws/atendimento/` entregam os eventos que a pessoa \
pode ver (mensagens, chats, filas, presença, digitação, sessões) e aceitam comandos; `/ws/echo/` devolve \
o que recebe. O token vai na consulta (`?token=<access>`). Mensagens são JSON; o formato de cada evento \
está em `docs/EVENTS.md`.
";

/// The resources, in the order in which the document shows them.
const TAGS: [(&str, &str); 23] = [
    ("Autenticação", "Entrar, manter o login e conferir tokens."),
    ("Perfil", "Os próprios dados."),
    ("Pessoas", "Quem trabalha com o sistema e em que papel."),
    ("Permissões", "Grupos, os direitos que dão e quem está neles."),
    ("Presença", "Quem está disponível, e quem está digitando."),
    ("Departamentos", "Setores da empresa, com quem atende neles."),
    ("Filas", "Quem espera em cada departamento."),
    ("Atendimentos", "Do primeiro contato ao encerramento, para quem é responsável."),
    ("Chats", "Os atendimentos como quem atende os vê."),
    ("Respostas rápidas", "Textos que se enviam muitas vezes, com variáveis."),
    ("Clientes", "Empresas e pessoas que são atendidas, com o seu histórico."),
    ("Grupos de empresas", "Clientes que pertencem uns aos outros."),
    ("Contatos", "As pessoas nos clientes, e a quem pertence um número."),
    ("Sessões", "Os números de WhatsApp da empresa e a sua conexão."),
    ("Mensagens", "Enviar mensagens e encontrá-las de novo."),
    ("Modelos", "Mensagens que a rede aprovou de antemão, com variáveis."),
    ("Webhook", "Onde redes entregam mensagens, e simulações para testes."),
    ("Webhooks", "Outros sistemas da empresa são avisados do que acontece."),
    ("Documentos", "Arquivos de clientes, enviados ou gerados de modelos."),
    ("Configurações", "Empresa, chat, e-mail, aparência, WhatsApp e modelos de documento."),
    ("CEP", "Endereços pelo CEP."),
    ("Auditoria", "Quem alterou o quê."),
    ("Saúde", "Se o servidor está vivo e pode trabalhar."),
];

pub(super) fn tags() -> Vec<Tag> {
    let tag = |(name, about)| TagBuilder::new().name(name).description(Some(about)).build();
    TAGS.map(tag).to_vec()
}
