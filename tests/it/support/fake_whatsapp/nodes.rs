//! Stanzas: the binary XML that both sides speak.

use dx_actors::{Clock, SystemClock};
use whatsapp_rust::{
    NodeBuilder,
    wacore_binary::{Node, NodeContent},
};

/// The server itself, as sender of stanzas.
pub(super) const SERVER: &str = "s.whatsapp.net";

/// An attribute, or nothing.
pub(super) fn attr(node: &Node, key: &str) -> String {
    node.attrs.get(key).map(|value| value.as_str().into_owned()).unwrap_or_default()
}

/// The binary content, or nothing.
pub(super) fn content(node: &Node) -> &[u8] {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => bytes,
        Some(NodeContent::String(text)) => text.as_bytes(),
        _ => &[],
    }
}

pub(super) fn children(node: &Node) -> &[Node] {
    node.children().unwrap_or_default()
}

/// The tag of the first child, or nothing.
pub(super) fn first_tag(node: &Node) -> &str {
    children(node).first().map_or("", |child| &child.tag)
}

/// The content of a child, or nothing.
pub(super) fn content_of<'n>(node: &'n Node, tag: &str) -> &'n [u8] {
    node.get_optional_child(tag).map_or(&[], content)
}

/// A big-endian number of up to four bytes.
pub(super) fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

pub(super) fn empty(tag: &'static str) -> Node {
    NodeBuilder::new(tag).build()
}

pub(super) fn bytes_node(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

/// The good answer to a request.
pub(super) fn result(id: &str) -> NodeBuilder {
    NodeBuilder::new("iq").attr("from", SERVER).attr("id", id).attr("type", "result")
}

/// A refusal.
pub(super) fn refusal(id: &str, code: u16, text: &'static str) -> Node {
    let error = NodeBuilder::new("error").attr("code", code.to_string()).attr("text", text);
    NodeBuilder::new("iq")
        .attr("from", SERVER)
        .attr("id", id)
        .attr("type", "error")
        .children([error.build()])
        .build()
}

/// A request of the server's.
pub(super) fn request(id: &str, child: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("from", SERVER)
        .attr("id", id)
        .attr("type", "set")
        .attr("xmlns", "md")
        .children([child])
        .build()
}

/// Seconds since 1970, as stanzas write them.
pub(super) fn now() -> String {
    (SystemClock.now().millis() / 1000).to_string()
}
