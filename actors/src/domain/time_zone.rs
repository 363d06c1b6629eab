//! The time zones of Brazil, by their IANA names.
//!
//! Each is a fixed distance from UTC: there has been no summer time since 2019 (Decreto 9.772), and what the
//! hub reckons with is younger. A law that brings it back changes this table.

use serde::{Deserialize, Serialize};

/// A zone that a company may be in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeZone {
    #[serde(rename = "America/Noronha")]
    Noronha,
    #[serde(rename = "America/Araguaina")]
    Araguaina,
    #[serde(rename = "America/Bahia")]
    Bahia,
    #[serde(rename = "America/Belem")]
    Belem,
    #[serde(rename = "America/Fortaleza")]
    Fortaleza,
    #[serde(rename = "America/Maceio")]
    Maceio,
    #[serde(rename = "America/Recife")]
    Recife,
    #[serde(rename = "America/Santarem")]
    Santarem,
    #[default]
    #[serde(rename = "America/Sao_Paulo")]
    SaoPaulo,
    #[serde(rename = "America/Boa_Vista")]
    BoaVista,
    #[serde(rename = "America/Campo_Grande")]
    CampoGrande,
    #[serde(rename = "America/Cuiaba")]
    Cuiaba,
    #[serde(rename = "America/Manaus")]
    Manaus,
    #[serde(rename = "America/Porto_Velho")]
    PortoVelho,
    #[serde(rename = "America/Eirunepe")]
    Eirunepe,
    #[serde(rename = "America/Rio_Branco")]
    RioBranco,
}

impl TimeZone {
    /// All of them, from east to west.
    pub const ALL: [Self; 16] = [
        Self::Noronha,
        Self::Araguaina,
        Self::Bahia,
        Self::Belem,
        Self::Fortaleza,
        Self::Maceio,
        Self::Recife,
        Self::Santarem,
        Self::SaoPaulo,
        Self::BoaVista,
        Self::CampoGrande,
        Self::Cuiaba,
        Self::Manaus,
        Self::PortoVelho,
        Self::Eirunepe,
        Self::RioBranco,
    ];

    /// `America/Sao_Paulo`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noronha => "America/Noronha",
            Self::Araguaina => "America/Araguaina",
            Self::Bahia => "America/Bahia",
            Self::Belem => "America/Belem",
            Self::Fortaleza => "America/Fortaleza",
            Self::Maceio => "America/Maceio",
            Self::Recife => "America/Recife",
            Self::Santarem => "America/Santarem",
            Self::SaoPaulo => "America/Sao_Paulo",
            Self::BoaVista => "America/Boa_Vista",
            Self::CampoGrande => "America/Campo_Grande",
            Self::Cuiaba => "America/Cuiaba",
            Self::Manaus => "America/Manaus",
            Self::PortoVelho => "America/Porto_Velho",
            Self::Eirunepe => "America/Eirunepe",
            Self::RioBranco => "America/Rio_Branco",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|zone| zone.name() == name)
    }

    /// Hours ahead of UTC, all negative.
    pub const fn offset_hours(self) -> i64 {
        match self {
            Self::Noronha => -2,
            Self::Araguaina
            | Self::Bahia
            | Self::Belem
            | Self::Fortaleza
            | Self::Maceio
            | Self::Recife
            | Self::Santarem
            | Self::SaoPaulo => -3,
            Self::BoaVista | Self::CampoGrande | Self::Cuiaba | Self::Manaus | Self::PortoVelho => {
                -4
            }
            Self::Eirunepe | Self::RioBranco => -5,
        }
    }
}

/// For the audit trail.
impl std::fmt::Display for TimeZone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_found_by_its_name() {
        for zone in TimeZone::ALL {
            assert_eq!(TimeZone::from_name(zone.name()), Some(zone));
        }
        for name in ["", "Sao_Paulo", "america/manaus", "Europe/Lisbon", "-03:00"] {
            assert_eq!(TimeZone::from_name(name), None, "{name}");
        }
        let hours = |name: &str| TimeZone::from_name(name).unwrap().offset_hours();
        assert_eq!(hours("America/Sao_Paulo"), -3);
        assert_eq!(hours("America/Manaus"), -4);
        assert_eq!(hours("America/Rio_Branco"), -5);
        assert_eq!(hours("America/Noronha"), -2);
        assert_eq!(TimeZone::default(), TimeZone::SaoPaulo);
    }
}
