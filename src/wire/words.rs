//! The closed vocabularies of the wire, each translated here and nowhere else.

use dx_actors::{
    domain::{
        AssignmentMode, ChangeKind, CustomerStatus, DecisionKind, Direction, DocumentKind,
        DocumentOrigin, DocumentStatus, MediaStatus, MessageKind, MessageStatus, PersonType,
        PresenceCause, PresenceStatus, Priority, ProviderKind, Role, SessionStatus, Side,
        TaxRegime, TemplateKind, TicketStatus, Verdict,
        address::PostalSource,
        audit::{AuditAction, AuditSubject},
        cloud::TemplateStatus,
        customer_merge::Part,
        diagnosis::Level,
        latency::Hop,
        queue::ServiceLevel,
        report::ReportGrouping,
        webhook::{DeliveryStatus, EventKind},
    },
    events::{OfferEnd, ReadCause, WebhookTrouble},
    session::SandboxFault,
};

use super::report::ReportFormat;

/// A closed vocabulary with its words on the wire.
pub trait Word: Copy + PartialEq + 'static {
    /// Every value with its word.
    const WORDS: &'static [(Self, &'static str)];

    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(value, _)| *value == self);
        found.map_or("", |(_, word)| word)
    }

    /// The value of a word; `None` when there is no such word.
    fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
    }
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl Word for $type {
            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$variant, $word)),*];
        }
    )*};
}

/// Other systems are told with the words that are stored.
impl Word for EventKind {
    const WORDS: &'static [(Self, &'static str)] = Self::WORDS;
}

words! {
    AssignmentMode { Assign = "automatico", Offer = "oferta" }
    Hop {
        Waiting = "waiting",
        HandingOver = "handing_over",
        Sending = "sending",
        Delivering = "delivering",
        Reading = "reading",
        Receiving = "receiving",
    }
    Level { Info = "info", Warning = "aviso", Error = "erro" }
    Part {
        Name = "razao_social",
        TradeName = "nome_fantasia",
        TaxId = "cnpj_cpf",
        Email = "email",
        Phone = "telefone",
        WhatsApp = "whatsapp",
        Address = "endereco",
        CompanyGroup = "grupo_empresa",
        StateRegistration = "inscricao_estadual",
        MunicipalRegistration = "inscricao_municipal",
        BusinessLine = "ramo_atividade",
        Representative = "responsavel_legal",
        Notes = "observacoes",
        ResponsibleAgent = "agente_responsavel",
        Logo = "logo",
        Signature = "assinatura_digital",
    }
    PresenceCause {
        Own = "proprio",
        Silence = "silencio",
        Forced = "forcado",
        Offers = "ofertas",
        Deactivated = "desativado",
    }
    TemplateStatus {
        Approved = "approved",
        Pending = "pending",
        Rejected = "rejected",
        Paused = "paused",
        Disabled = "disabled",
        Other = "other",
    }
    ReportGrouping { Total = "total", Day = "dia", Department = "departamento", Agent = "atendente" }
    ReportFormat { Json = "json", Csv = "csv" }
    DecisionKind {
        Assigned = "atribuido",
        Offered = "oferecido",
        OfferDeclined = "oferta_recusada",
        OfferExpired = "oferta_sem_resposta",
        Accepted = "aceito",
        Transferred = "transferido",
        TransferReturned = "transferencia_devolvida",
        Requeued = "devolvido_a_fila",
        Overflowed = "transbordado",
        Pinned = "priorizado",
    }
    Verdict {
        Chosen = "escolhido",
        Eligible = "disponivel",
        NoRoom = "sem_vaga",
        MissingSkill = "sem_competencia",
        Declined = "recusou",
        GaveAway = "passou_adiante",
        Offline = "offline",
        Busy = "ocupado",
        Away = "ausente",
        Reconnecting = "reconectando",
        Inactive = "desativado",
    }
    ServiceLevel { OnTime = "no_prazo", Closing = "vencendo", Late = "vencido" }
    OfferEnd { Declined = "recusada", Expired = "sem_resposta", Withdrawn = "retirada" }
    TemplateKind {
        Contract = "contrato",
        Boleto = "boleto",
        Proposal = "proposta",
        Certificate = "certificado",
    }
    Role { Admin = "admin", Manager = "gerente", Supervisor = "supervisor", Agent = "atendente" }
    Priority { Low = "baixa", Normal = "normal", High = "alta", Urgent = "urgente" }
    TicketStatus {
        Waiting = "aguardando",
        Active = "em_atendimento",
        Paused = "pausado",
        Closed = "finalizado",
        Cancelled = "cancelado",
    }
    PresenceStatus { Online = "online", Offline = "offline", Busy = "busy", Away = "away" }
    SessionStatus {
        Disconnected = "disconnected",
        Connecting = "connecting",
        QrCode = "qrcode",
        Authenticated = "authenticated",
        Ready = "ready",
        Error = "error",
    }
    PersonType { Company = "juridica", Individual = "fisica" }
    CustomerStatus {
        Active = "ativo",
        Inactive = "inativo",
        Suspended = "suspenso",
        Blocked = "bloqueado",
    }
    TaxRegime {
        SimplesNacional = "simples_nacional",
        LucroPresumido = "lucro_presumido",
        LucroReal = "lucro_real",
        Mei = "mei",
        Other = "outro",
    }
    ProviderKind { Sandbox = "sandbox", Web = "web", Cloud = "cloud" }
    SandboxFault {
        QrExpires = "qr_expira",
        Drop = "queda",
        LoggedOut = "deslogado",
        TemporaryBan = "suspenso",
        Slow = "lento",
        SendRefused = "envio_recusado",
        SendFails = "envio_falha",
        DuplicateDelivery = "entrega_duplicada",
        OutOfOrderStatus = "status_fora_de_ordem",
        SignalFails = "sinal_falha",
    }
    AuditAction {
        Created = "criado",
        Updated = "alterado",
        Deleted = "excluido",
        Generated = "gerado",
        Exported = "exportado",
        Imported = "importado",
    }
    AuditSubject {
        Agent = "agente",
        Group = "grupo",
        Department = "departamento",
        Session = "sessao",
        Settings = "configuracao",
        Customer = "cliente",
        CompanyGroup = "grupo_empresa",
        Contact = "contato",
        Document = "documento",
        Note = "nota",
        QuickReply = "resposta_rapida",
    }
    DeliveryStatus { Pending = "pendente", Delivered = "entregue", Dead = "desistiu" }
    WebhookTrouble { Paused = "falhas", Gone = "removido" }
    ReadCause { Mark = "leitura", Answer = "resposta" }
    PostalSource { ViaCep = "viacep", BrasilApi = "brasilapi" }
    DocumentKind {
        Contract = "contrato",
        Boleto = "boleto",
        Proposal = "proposta",
        Certificate = "certificado",
        License = "licenca",
        Permit = "alvara",
        Receipt = "comprovante",
        Other = "outro",
    }
    DocumentStatus {
        Generated = "gerado",
        Sent = "enviado",
        Signed = "assinado",
        Cancelled = "cancelado",
        Approved = "aprovado",
        Rejected = "rejeitado",
        Expired = "expirado",
    }
    DocumentOrigin { Manual = "manual", Generated = "gerado", Imported = "importado" }
    Direction { Inbound = "inbound", Outbound = "outbound" }
    MessageKind {
        Text = "text",
        Image = "image",
        Audio = "audio",
        Video = "video",
        Document = "document",
        Location = "location",
        Contact = "contact",
        Sticker = "sticker",
        Template = "template",
        Interactive = "interactive",
        Poll = "poll",
    }
    MediaStatus { Pending = "pending", Ready = "ready", Failed = "failed" }
    Side { Customer = "customer", Company = "company" }
    ChangeKind {
        Reaction = "reaction",
        Edit = "edit",
        Deletion = "deletion",
        Vote = "vote",
    }
    MessageStatus {
        Queued = "queued",
        Sending = "sending",
        Sent = "sent",
        Delivered = "delivered",
        Read = "read",
        Failed = "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<W: Word + std::fmt::Debug>() {
        for (value, word) in W::WORDS {
            assert_eq!(W::parse(word), Some(*value));
            assert_eq!(value.word(), *word);
        }
        assert_eq!(W::parse("nada disso"), None);
    }

    #[test]
    fn every_word_is_understood_again() {
        round_trip::<Role>();
        round_trip::<Priority>();
        round_trip::<TicketStatus>();
        round_trip::<PersonType>();
        round_trip::<CustomerStatus>();
        round_trip::<TaxRegime>();
        round_trip::<PresenceStatus>();
        round_trip::<PresenceCause>();
        round_trip::<ReportGrouping>();
        round_trip::<ReportFormat>();
        round_trip::<SessionStatus>();
        round_trip::<ProviderKind>();
        round_trip::<SandboxFault>();
        round_trip::<AuditAction>();
        round_trip::<AuditSubject>();
        round_trip::<EventKind>();
        round_trip::<DeliveryStatus>();
        round_trip::<WebhookTrouble>();
        round_trip::<ReadCause>();
        round_trip::<PostalSource>();
        round_trip::<DocumentKind>();
        round_trip::<DocumentStatus>();
        round_trip::<DocumentOrigin>();
        round_trip::<Direction>();
        round_trip::<MessageKind>();
        round_trip::<MessageStatus>();
        round_trip::<MediaStatus>();
        round_trip::<Side>();
        round_trip::<ChangeKind>();
    }
}
