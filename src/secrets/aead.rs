//! AES-256-GCM with a random nonce, for everything that is sealed here.

use ring::{
    aead::{Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce},
    rand::{SecureRandom, SystemRandom},
};

use super::SealError;

/// `head`, then nonce, ciphertext and tag. `associated` is authenticated along and not contained.
pub(super) fn seal(
    key: &LessSafeKey,
    associated: &[u8],
    head: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| SealError::NoRandom)?;
    let begin = head.len() + NONCE_LEN;
    let mut sealed = Vec::with_capacity(begin + plain.len() + MAX_TAG_LEN);
    sealed.extend_from_slice(head);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated), &mut sealed[begin..]);
    sealed.extend_from_slice(tag.map_err(|_| SealError::DoesNotOpen)?.as_ref());
    Ok(sealed)
}

/// What was sealed, from the nonce on.
pub(super) fn open(
    key: &LessSafeKey,
    associated: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, SealError> {
    let (nonce, body) = sealed.split_first_chunk().ok_or(SealError::DoesNotOpen)?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let mut body = body.to_vec();
    let opened = key.open_in_place(nonce, Aad::from(associated), &mut body);
    let bytes = opened.map_err(|_| SealError::DoesNotOpen)?.len();
    body.truncate(bytes);
    Ok(body)
}
