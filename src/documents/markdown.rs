//! The light Markdown of templates as a tree that the layouts read: headings, paragraphs, lists, bold,
//! italics, line breaks, rules. Anything else shows as its text.

use dx_actors::domain::document_template::without_double_braces;
use pulldown_cmark::{Event, Parser, Tag};
use serde::Serialize;

/// Deeper nesting than a person writes is flattened; layouts read the tree recursively.
const DEPTH_MAX: usize = 8;

/// A part of a document or of a line.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum Node {
    Heading { level: u8, c: Vec<Node> },
    Paragraph { c: Vec<Node> },
    Bullets { c: Vec<Node> },
    Numbers { start: u64, c: Vec<Node> },
    Item { c: Vec<Node> },
    Bold { c: Vec<Node> },
    Italic { c: Vec<Node> },
    Text { v: String },
    Break,
    Rule,
}

impl Node {
    fn children(&mut self) -> Option<&mut Vec<Node>> {
        match self {
            Self::Heading { c, .. }
            | Self::Paragraph { c }
            | Self::Bullets { c }
            | Self::Numbers { c, .. }
            | Self::Item { c }
            | Self::Bold { c }
            | Self::Italic { c } => Some(c),
            Self::Text { .. } | Self::Break | Self::Rule => None,
        }
    }
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Vec<Node> {
    let mut tree = Tree::default();
    for event in Parser::new(text) {
        match event {
            Event::Start(tag) => tree.open(&tag),
            Event::End(_) => tree.close(),
            Event::SoftBreak => tree.text(" "),
            Event::HardBreak => tree.add(Node::Break),
            Event::Rule => tree.add(Node::Rule),
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => tree.text(&text),
            Event::TaskListMarker(_) => {}
        }
    }
    tree.finish()
}

/// What is being built: the open nodes from the outside in.
#[derive(Default)]
struct Tree {
    done: Vec<Node>,
    open: Vec<Node>,
    /// For every open tag whether it has a node of its own in `open`.
    tags: Vec<bool>,
}

impl Tree {
    fn open(&mut self, tag: &Tag<'_>) {
        let c = Vec::new();
        let node = match tag {
            Tag::Heading { level, .. } => Some(Node::Heading { level: *level as u8, c }),
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::HtmlBlock => Some(Node::Paragraph { c }),
            Tag::List(None) => Some(Node::Bullets { c }),
            Tag::List(Some(start)) => Some(Node::Numbers { start: *start, c }),
            Tag::Item => Some(Node::Item { c }),
            Tag::Strong => Some(Node::Bold { c }),
            Tag::Emphasis => Some(Node::Italic { c }),
            _ => None,
        };
        let node = node.filter(|_| self.open.len() < DEPTH_MAX);
        self.tags.push(node.is_some());
        self.open.extend(node);
    }

    fn close(&mut self) {
        if self.tags.pop() == Some(true)
            && let Some(node) = self.open.pop()
        {
            self.add(node);
        }
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut().and_then(Node::children) {
            Some(children) => children.push(node),
            None => self.done.push(node),
        }
    }

    /// Appends to the text before it, so that no pair of braces comes from two pieces.
    fn text(&mut self, text: &str) {
        let children = match self.open.last_mut().and_then(Node::children) {
            Some(children) => children,
            None => &mut self.done,
        };
        if let Some(Node::Text { v }) = children.last_mut() {
            v.push_str(text);
        } else {
            children.push(Node::Text { v: text.to_owned() });
        }
    }

    fn finish(mut self) -> Vec<Node> {
        while let Some(node) = self.open.pop() {
            self.add(node);
        }
        clean(&mut self.done);
        self.done
    }
}

fn clean(nodes: &mut [Node]) {
    for node in nodes {
        if let Node::Text { v } = node {
            *v = super::input::printable(&without_double_braces(v));
        } else if let Some(children) = node.children() {
            clean(children);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(v: &str) -> Node {
        Node::Text { v: v.into() }
    }

    #[test]
    fn what_people_write_becomes_a_tree() {
        assert_eq!(
            parse("# A\n\num **b** *i*\\\nfim\n\n- x\n- y\n\n3. z"),
            [
                Node::Heading { level: 1, c: vec![text("A")] },
                Node::Paragraph {
                    c: vec![
                        text("um "),
                        Node::Bold { c: vec![text("b")] },
                        text(" "),
                        Node::Italic { c: vec![text("i")] },
                        Node::Break,
                        text("fim"),
                    ]
                },
                Node::Bullets {
                    c: vec![Node::Item { c: vec![text("x")] }, Node::Item { c: vec![text("y")] }]
                },
                Node::Numbers { start: 3, c: vec![Node::Item { c: vec![text("z")] }] },
            ]
        );
    }

    #[test]
    fn markup_of_others_is_text() {
        assert_eq!(
            parse("#eval $x$ <b> `c` [a](http://b)"),
            [Node::Paragraph { c: vec![text("#eval $x$ <b> c a")] }]
        );
        assert_eq!(parse("&#123;&#123;x}}"), [Node::Paragraph { c: vec![text("{x}")] }]);
    }

    #[test]
    fn deep_nesting_is_flattened() {
        let deep = format!("{}x", "> - ".repeat(5_000));
        let json = serde_json::to_string(&parse(&deep)).unwrap();
        assert!(json.contains('x') && json.matches("\"c\"").count() <= DEPTH_MAX);
    }
}
