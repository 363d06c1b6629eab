//! What Meta's error codes mean here: whether waiting helps, and what a person can do about it. Codes
//! count, not titles: those change, and third parties' tables disagree about them.

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It passes by itself soon.
    Retry,
    /// More than the number may send now.
    Throttled,
    /// More than this customer may be sent now.
    PairThrottled,
    /// Trying again changes nothing.
    Refused,
    /// The token is not, or no longer, what it should be: the number is out of order.
    Credentials,
    /// Meta has closed the account: the number is out of order.
    Locked,
}

/// One code, with what is said about it: what has happened, and what to do.
#[derive(Debug)]
pub struct Known {
    pub code: i64,
    pub class: Class,
    pub what: &'static str,
    pub advice: &'static str,
}

const fn known(code: i64, class: Class, what: &'static str, advice: &'static str) -> Known {
    Known { code, class, what, advice }
}

use Class::{Credentials, Locked, PairThrottled, Refused, Retry, Throttled};

const TRY_LATER: &str = "Tente de novo mais tarde.";
const RENEW_TOKEN: &str = "Gere um novo token de usuário do sistema e grave-o no número.";
const CHECK_RIGHTS: &str = "Dê ao usuário do sistema as permissões whatsapp_business_messaging e \
                            whatsapp_business_management.";
const SYNC: &str = "Sincronize os modelos e confira os parâmetros.";

/// In the order of the codes.
pub const KNOWN: [Known; 49] = [
    known(0, Credentials, "A Meta não reconheceu o token de acesso.", RENEW_TOKEN),
    known(1, Retry, "A Meta não conseguiu atender o pedido.", TRY_LATER),
    known(2, Retry, "O serviço da Meta está fora do ar.", TRY_LATER),
    known(3, Credentials, "O aplicativo não tem acesso a esta função.", CHECK_RIGHTS),
    known(4, Throttled, "O aplicativo fez chamadas demais à Meta.", TRY_LATER),
    known(10, Credentials, "O token não tem a permissão necessária.", CHECK_RIGHTS),
    known(
        33,
        Refused,
        "O número da empresa não existe mais na Meta.",
        "Confira o phone_number_id do número.",
    ),
    known(100, Refused, "A Meta recusou um parâmetro do envio.", "Confira os dados da mensagem."),
    known(190, Credentials, "O token de acesso expirou ou foi revogado.", RENEW_TOKEN),
    known(
        368,
        Refused,
        "A conta está temporariamente bloqueada por violar políticas.",
        "Veja a Central de Qualidade da conta na Meta.",
    ),
    known(80_007, Throttled, "A conta fez chamadas demais à Meta.", TRY_LATER),
    known(130_429, Throttled, "O número enviou mensagens rápido demais.", TRY_LATER),
    known(
        130_472,
        Refused,
        "O cliente faz parte de um experimento da Meta e não recebe mensagens de marketing.",
        "Espere que ele escreva, ou use outro canal.",
    ),
    known(
        130_497,
        Refused,
        "A empresa não pode enviar mensagens para este país.",
        "Use outro canal.",
    ),
    known(131_000, Retry, "A Meta teve uma falha desconhecida.", TRY_LATER),
    known(131_005, Credentials, "O token não tem acesso a este número.", CHECK_RIGHTS),
    known(131_008, Refused, "Falta um parâmetro no envio.", "Confira os dados da mensagem."),
    known(
        131_009,
        Refused,
        "Um parâmetro do envio não é válido.",
        "Confira os dados da mensagem e se o número está registrado.",
    ),
    known(131_016, Retry, "O serviço da Meta está temporariamente fora do ar.", TRY_LATER),
    known(131_021, Refused, "O destinatário é o próprio número da empresa.", "Escolha outro."),
    known(
        131_026,
        Refused,
        "A mensagem não pode ser entregue a este número.",
        "Confirme se o cliente tem WhatsApp atualizado e aceitou os termos; use outro canal.",
    ),
    known(
        131_031,
        Locked,
        "A Meta bloqueou a conta.",
        "Abra uma contestação na Central de Qualidade da conta.",
    ),
    known(
        131_037,
        Refused,
        "O nome de exibição do número ainda não foi aprovado.",
        "Aguarde a aprovação ou altere o nome no Gerenciador do WhatsApp.",
    ),
    known(
        131_042,
        Refused,
        "Há um problema com a forma de pagamento da conta.",
        "Regularize o pagamento no Gerenciador do WhatsApp.",
    ),
    known(
        131_045,
        Refused,
        "O número não está registrado na Cloud API.",
        "Registre o número no Gerenciador do WhatsApp.",
    ),
    known(
        131_047,
        Refused,
        "Passaram mais de 24 horas desde a última mensagem do cliente.",
        "Envie um modelo aprovado.",
    ),
    known(
        131_048,
        Refused,
        "Clientes demais bloquearam ou denunciaram o número: os envios estão limitados.",
        "Reduza os envios e veja a qualidade do número na Meta.",
    ),
    known(
        131_049,
        Refused,
        "A Meta não entregou para proteger o cliente de mensagens de marketing demais.",
        "Não reenvie logo: espere pelo menos 24 horas.",
    ),
    known(
        131_050,
        Refused,
        "O cliente pediu para não receber mensagens de marketing.",
        "Não envie marketing a ele.",
    ),
    known(131_051, Refused, "A Meta não aceita este tipo de mensagem.", "Envie de outra forma."),
    known(
        131_052,
        Refused,
        "A mídia enviada pelo cliente não pôde ser baixada.",
        "Peça que ele envie de novo.",
    ),
    known(
        131_053,
        Refused,
        "A mídia não pôde ser enviada à Meta.",
        "Confira o formato e o tamanho do arquivo.",
    ),
    known(131_055, Refused, "A Meta não permite esta operação.", "Envie de outra forma."),
    known(
        PAIR_RATE,
        PairThrottled,
        "Mensagens demais para este cliente em pouco tempo.",
        TRY_LATER,
    ),
    known(131_057, Retry, "A conta está em manutenção na Meta.", TRY_LATER),
    known(132_000, Refused, "O número de parâmetros não é o do modelo.", SYNC),
    known(
        132_001,
        Refused,
        "O modelo não existe neste idioma ou não foi aprovado.",
        "Sincronize os modelos e escolha um aprovado.",
    ),
    known(
        132_005,
        Refused,
        "O texto do modelo preenchido é longo demais.",
        "Encurte os parâmetros.",
    ),
    known(
        132_007,
        Refused,
        "O conteúdo do modelo viola uma política do WhatsApp.",
        "Altere o modelo no Gerenciador do WhatsApp.",
    ),
    known(132_012, Refused, "Um parâmetro não tem o formato que o modelo pede.", SYNC),
    known(
        132_015,
        Refused,
        "O modelo está pausado por baixa qualidade.",
        "Use outro modelo até que ele volte.",
    ),
    known(132_016, Refused, "O modelo foi desativado por baixa qualidade.", "Crie outro modelo."),
    known(132_068, Refused, "O fluxo do modelo está bloqueado.", "Corrija o fluxo na Meta."),
    known(132_069, Throttled, "O fluxo do modelo foi enviado vezes demais.", TRY_LATER),
    known(133_000, Retry, "O registro do número está sendo desfeito na Meta.", TRY_LATER),
    known(133_004, Retry, "O servidor da Meta está temporariamente fora do ar.", TRY_LATER),
    known(
        133_010,
        Refused,
        "O número não está registrado na Cloud API.",
        "Registre o número no Gerenciador do WhatsApp.",
    ),
    known(133_016, Throttled, "O número foi registrado vezes demais.", TRY_LATER),
    known(
        135_000,
        Refused,
        "A Meta recusou a mensagem sem dizer por quê.",
        "Confira os dados da mensagem.",
    ),
];

/// More than one message per six seconds to one customer, beyond a burst of 45.
pub const PAIR_RATE: i64 = 131_056;

pub fn find(code: i64) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.code == code)
}

/// What to do about a code. Of those that are not known the range of rights and the HTTP status tell.
pub fn class(code: Option<i64>, status: u16) -> Class {
    match code {
        Some(code) => match find(code) {
            Some(known) => known.class,
            None if (200..300).contains(&code) => Credentials,
            None => by_status(status),
        },
        None => by_status(status),
    }
}

fn by_status(status: u16) -> Class {
    match status {
        401 => Credentials,
        429 => Throttled,
        500..=599 => Retry,
        _ => Refused,
    }
}

/// `131047: Passaram mais de 24 horas …`: for people. `said` is what Meta says, for codes that are not
/// known, and the details of those that say too little.
pub fn explain(code: Option<i64>, said: &str) -> String {
    match code.and_then(find) {
        Some(known) if needs_details(known.code) && !said.is_empty() => {
            format!("{}: {} {} ({said})", known.code, known.what, known.advice)
        }
        Some(known) => format!("{}: {} {}", known.code, known.what, known.advice),
        None => match (code, said) {
            (Some(code), "") => format!("{code}: A Meta recusou a mensagem."),
            (Some(code), said) => format!("{code}: {said}"),
            (None, "") => "A Meta recusou a mensagem.".to_owned(),
            (None, said) => said.to_owned(),
        },
    }
}

/// Only Meta's own words name the parameter that is meant.
fn needs_details(code: i64) -> bool {
    matches!(code, 100 | 131_008 | 131_009 | 132_012 | 135_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_what_happened_and_what_to_do() {
        for pair in KNOWN.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} is out of order", pair[1].code);
        }
        for Known { code, what, advice, .. } in &KNOWN {
            assert!(what.ends_with('.') && advice.ends_with('.'), "{code}");
        }
    }

    #[test]
    fn the_codes_of_the_domain_have_the_right_class() {
        let expected = [
            (131_047, Refused),
            (131_026, Refused),
            (131_048, Refused),
            (131_049, Refused),
            (131_031, Locked),
            (131_042, Refused),
            (130_429, Throttled),
            (130_472, Refused),
            (131_056, PairThrottled),
            (131_057, Retry),
            (368, Refused),
            (190, Credentials),
            (200, Credentials),
            (299, Credentials),
            (131_016, Retry),
            (80_007, Throttled),
            (132_000, Refused),
        ];
        for (code, wanted) in expected {
            assert_eq!(class(Some(code), 400), wanted, "{code}");
        }
        let by_status = [(401, Credentials), (429, Throttled), (503, Retry), (400, Refused)];
        for (status, wanted) in by_status {
            assert_eq!(class(None, status), wanted, "{status}");
            assert_eq!(class(Some(999_999), status), wanted, "{status} with an unknown code");
        }
    }

    #[test]
    fn texts_begin_with_the_code_and_keep_metas_words_where_they_are_needed() {
        let text = explain(Some(131_047), "Re-engagement message");
        assert_eq!(
            text,
            "131047: Passaram mais de 24 horas desde a última mensagem do cliente. Envie um modelo \
             aprovado."
        );
        let text = explain(Some(100), "Parameter name is missing");
        assert!(
            text.starts_with("100: ") && text.ends_with("(Parameter name is missing)"),
            "{text}"
        );
        assert_eq!(explain(Some(7), "Something new"), "7: Something new");
        assert_eq!(explain(None, ""), "A Meta recusou a mensagem.");
    }
}
