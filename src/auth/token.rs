//! Access and refresh tokens: JWT with HS256, checked against the injected clock.

use std::{fmt, sync::Arc, time::Duration};

use dashmap::DashMap;
use dx_actors::{
    Clock,
    domain::{Agent, AgentId, Timestamp},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    signature::{self, Signer, Verifier},
};
use ring::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AuthFailure;

/// Longer than any token of ours; what is longer is not decoded.
const TOKEN_BYTES_MAX: usize = 4096;
/// Signed tokens that are remembered, at some 300 bytes each. Beyond that all are forgotten: checking
/// a signature again takes microseconds.
const SEEN_MAX: usize = 8192;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    Access,
    Refresh,
}

/// What a valid token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    pub agent_id: AgentId,
    /// Seconds since 1970.
    pub issued_at: i64,
    /// Seconds since 1970.
    pub expires_at: i64,
}

impl Claims {
    /// The instant from which the token is refused.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_at.saturating_mul(1_000_000))
    }

    /// The token was issued before the password was changed. Tokens know seconds only.
    pub fn is_revoked_for(&self, agent: &Agent) -> bool {
        self.issued_at < agent.tokens_valid_from.micros().div_euclid(1_000_000)
    }
}

/// The claims that count, as they are signed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct SignedClaims {
    token_type: TokenType,
    exp: i64,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
}

/// All claims of a token of ours.
#[derive(Debug, Serialize)]
struct IssuedClaims {
    #[serde(flatten)]
    signed: SignedClaims,
    jti: String,
}

impl IssuedClaims {
    fn new(token_type: TokenType, iat: i64, exp: i64, user_id: Option<i64>) -> Self {
        let signed = SignedClaims { token_type, exp, iat, user_id };
        Self { signed, jti: Uuid::new_v4().simple().to_string() }
    }
}

/// What a login is worth.
pub struct TokenPair {
    pub access: String,
    pub refresh: String,
}

/// Issues and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    access_lifetime: Duration,
    refresh_lifetime: Duration,
    clock: Arc<dyn Clock>,
    /// What signed tokens say that came before: a client sends the same one with each request.
    seen: DashMap<Box<str>, SignedClaims>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    pub fn new(
        key: &[u8],
        access_lifetime: Duration,
        refresh_lifetime: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // An error says that it is installed already.
        let _already_installed = PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are checked below, against our clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
            access_lifetime,
            refresh_lifetime,
            clock,
            seen: DashMap::new(),
        }
    }

    /// What a person gets who has logged in.
    pub fn issue_pair(&self, agent_id: AgentId) -> TokenPair {
        TokenPair {
            access: self.issue(TokenType::Access, agent_id),
            refresh: self.issue(TokenType::Refresh, agent_id),
        }
    }

    pub fn issue(&self, token_type: TokenType, agent_id: AgentId) -> String {
        let lifetime = match token_type {
            TokenType::Access => self.access_lifetime,
            TokenType::Refresh => self.refresh_lifetime,
        };
        let iat = self.now_seconds();
        let exp = iat.saturating_add(lifetime.as_secs().try_into().unwrap_or(i64::MAX));
        self.sign(&IssuedClaims::new(token_type, iat, exp, Some(agent_id.0)))
    }

    /// Checks signature and time, then the type.
    pub fn verify(&self, token: &str, wanted: TokenType) -> Result<Claims, AuthFailure> {
        let signed = self.decode(token)?;
        if signed.token_type != wanted {
            return Err(AuthFailure::WrongType);
        }
        claims(signed)
    }

    /// Checks signature and time of a token of either type.
    pub fn verify_any(&self, token: &str) -> Result<Claims, AuthFailure> {
        claims(self.decode(token)?)
    }

    fn sign(&self, raw: &IssuedClaims) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), raw, &self.encoding)
            .expect("plain claims are signed with a key of bytes")
    }

    fn decode(&self, token: &str) -> Result<SignedClaims, AuthFailure> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthFailure::Invalid);
        }
        let seen = self.seen.get(token).map(|seen| *seen);
        let signed = seen.map_or_else(|| self.check_signature(token), Ok)?;
        if signed.exp <= self.now_seconds() { Err(AuthFailure::Invalid) } else { Ok(signed) }
    }

    /// Only what is signed by us is remembered.
    fn check_signature(&self, token: &str) -> Result<SignedClaims, AuthFailure> {
        let decoded = jsonwebtoken::decode(token, &self.decoding, &self.validation);
        let signed: SignedClaims = decoded.map_err(|_| AuthFailure::Invalid)?.claims;
        if self.seen.len() >= SEEN_MAX {
            self.seen.clear();
        }
        self.seen.insert(token.into(), signed);
        Ok(signed)
    }

    fn now_seconds(&self) -> i64 {
        self.clock.now().micros().div_euclid(1_000_000)
    }
}

fn claims(signed: SignedClaims) -> Result<Claims, AuthFailure> {
    let agent_id = signed.user_id.map(AgentId).ok_or(AuthFailure::NoUser)?;
    Ok(Claims { agent_id, issued_at: signed.iat, expires_at: signed.exp })
}

/// HS256 on ring. Anything else is refused.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(*algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(hmac::Key);

impl Hs256 {
    fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
impl Tokens {
    /// A well-signed access token that names nobody.
    pub(crate) fn issue_without_user(&self) -> String {
        let iat = self.now_seconds();
        self.sign(&IssuedClaims::new(TokenType::Access, iat, iat + 60, None))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;
    use crate::test_support::{ManualClock, agent};

    const HOUR: Duration = Duration::from_hours(1);

    fn tokens(key: &[u8]) -> (Tokens, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Tokens::new(key, HOUR, HOUR * 24, clock.clone()), clock)
    }

    #[test]
    fn a_token_holds_until_its_last_second() {
        let (tokens, clock) = tokens(b"key");
        let token = tokens.issue(TokenType::Access, AgentId(7));
        assert_eq!(tokens.verify(&token, TokenType::Access).unwrap().agent_id, AgentId(7));
        clock.advance(HOUR.checked_sub(Duration::from_secs(1)).unwrap());
        assert!(tokens.verify(&token, TokenType::Access).is_ok());
        clock.advance(Duration::from_secs(1));
        assert_eq!(tokens.verify(&token, TokenType::Access), Err(AuthFailure::Invalid));
    }

    #[test]
    fn forged_tokens_are_refused() {
        let (ours, _) = tokens(b"key");
        let (theirs, _) = tokens(b"other");
        let good = ours.issue(TokenType::Access, AgentId(1));
        let (head, signature) = good.rsplit_once('.').unwrap();
        let payload = head.split_once('.').unwrap().1;
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let cases = [
            theirs.issue(TokenType::Access, AgentId(1)),
            format!("{none}.{payload}."),
            format!("{none}.{payload}.{signature}"),
            format!("{head}."),
            head.to_owned(),
            String::new(),
            "a.b.c".to_owned(),
            "x".repeat(TOKEN_BYTES_MAX + 1),
        ];
        for token in cases {
            let outcome = ours.verify(&token, TokenType::Access);
            assert_eq!(outcome, Err(AuthFailure::Invalid), "{token}");
        }
    }

    #[test]
    fn a_token_that_came_before_still_expires_and_few_are_remembered() {
        let (tokens, clock) = tokens(b"key");
        let issue = |id| tokens.issue(TokenType::Access, AgentId(id));
        let first = issue(0);
        for id in 0..i64::try_from(SEEN_MAX).unwrap() + 2 {
            assert!(tokens.verify(&issue(id), TokenType::Access).is_ok());
        }
        assert!(tokens.seen.len() <= SEEN_MAX);
        for _ in 0..2 {
            assert_eq!(tokens.verify(&first, TokenType::Access).unwrap().agent_id, AgentId(0));
            assert_eq!(tokens.verify(&first, TokenType::Refresh), Err(AuthFailure::WrongType));
        }
        let forged = format!("{first}x");
        assert_eq!(tokens.verify(&forged, TokenType::Access), Err(AuthFailure::Invalid));
        assert!(!tokens.seen.contains_key(forged.as_str()));
        clock.advance(HOUR);
        assert_eq!(tokens.verify(&first, TokenType::Access), Err(AuthFailure::Invalid));
    }

    #[test]
    fn the_type_counts_only_where_it_matters() {
        let (tokens, _) = tokens(b"key");
        let TokenPair { access, refresh } = tokens.issue_pair(AgentId(1));
        assert_eq!(tokens.verify(&refresh, TokenType::Access), Err(AuthFailure::WrongType));
        assert_eq!(tokens.verify(&access, TokenType::Refresh), Err(AuthFailure::WrongType));
        assert!(tokens.verify_any(&access).is_ok() && tokens.verify_any(&refresh).is_ok());
        let nobody = tokens.issue_without_user();
        assert_eq!(tokens.verify(&nobody, TokenType::Access), Err(AuthFailure::NoUser));
    }

    #[test]
    fn the_claims_are_those_of_the_contract() {
        let (tokens, _) = tokens(b"key");
        let token = tokens.issue(TokenType::Access, AgentId(7));
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(claims["token_type"], "access");
        assert_eq!(claims["user_id"], 7);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        let jti = claims["jti"].as_str().unwrap();
        assert!(jti.len() == 32 && jti.chars().all(|c| c.is_ascii_hexdigit()));
    }

    #[test]
    fn a_token_of_the_second_of_the_change_still_counts() {
        let mut person = agent(1, dx_actors::domain::Role::Agent);
        person.tokens_valid_from = Timestamp::from_micros(10_900_000);
        let issued = |issued_at| Claims { agent_id: AgentId(1), issued_at, expires_at: 0 };
        assert!(issued(9).is_revoked_for(&person));
        assert!(!issued(10).is_revoked_for(&person));
    }
}
