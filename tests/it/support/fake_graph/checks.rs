//! Whether a message is one that Meta would take: required and unknown fields, lengths, counts.

use serde_json::{Map, Value};

type Checked = Result<(), String>;

/// A read mark, with or without a typing indicator.
pub(super) fn mark(body: &Value) -> Checked {
    let fields = object(body, "mark")?;
    only(fields, "mark", &["messaging_product", "status", "message_id", "typing_indicator"])?;
    equals(body, "messaging_product", "whatsapp")?;
    let id = text(body, "message_id", 1, 255)?;
    if !id.starts_with("wamid.") {
        return Err(format!("message_id {id} is not Meta's"));
    }
    match body.get("typing_indicator") {
        None => Ok(()),
        Some(typing) => equals(typing, "type", "text"),
    }
}

/// A message; `has_media` knows the ids of uploaded files.
pub(super) fn message(body: &Value, has_media: &dyn Fn(&str) -> bool) -> Checked {
    let fields = object(body, "message")?;
    equals(body, "messaging_product", "whatsapp")?;
    equals(body, "recipient_type", "individual")?;
    let kind = text(body, "type", 1, 20)?;
    let known = [
        "messaging_product",
        "recipient_type",
        "to",
        "recipient",
        "type",
        "context",
        "biz_opaque_callback_data",
        kind,
    ];
    only(fields, "message", &known)?;
    recipient(body)?;
    text(body, "biz_opaque_callback_data", 1, 512)?;
    if let Some(context) = body.get("context") {
        only(object(context, "context")?, "context", &["message_id"])?;
        wamid(context, "message_id")?;
    }
    let part = &body[kind];
    match kind {
        "text" => {
            only(object(part, kind)?, kind, &["body", "preview_url"])?;
            text(part, "body", 1, 4096).map(|_| ())
        }
        "image" | "video" | "audio" | "document" | "sticker" => media(kind, part, has_media),
        "reaction" => {
            only(object(part, kind)?, kind, &["message_id", "emoji"])?;
            wamid(part, "message_id")?;
            text(part, "emoji", 0, 16).map(|_| ())
        }
        "location" => {
            only(object(part, kind)?, kind, &["latitude", "longitude", "name", "address"])?;
            number(part, "latitude", 90.0)?;
            number(part, "longitude", 180.0)
        }
        "contacts" => contacts(part),
        "template" => template(part),
        "interactive" => interactive(part),
        other => Err(format!("type {other}")),
    }
}

fn recipient(body: &Value) -> Checked {
    match (body.get("to"), body.get("recipient")) {
        (Some(to), None) => {
            let to = to.as_str().unwrap_or_default();
            let is_number = (10..=15).contains(&to.len()) && to.bytes().all(|b| b.is_ascii_digit());
            if is_number { Ok(()) } else { Err(format!("to {to}")) }
        }
        (None, Some(recipient)) => {
            let id = recipient.as_str().unwrap_or_default();
            let is_scoped = id.split_once('.').is_some_and(|(country, _)| country.len() == 2);
            if is_scoped { Ok(()) } else { Err(format!("recipient {id}")) }
        }
        both => Err(format!("to and recipient: {both:?}")),
    }
}

fn media(kind: &str, part: &Value, has_media: &dyn Fn(&str) -> bool) -> Checked {
    let fields = object(part, kind)?;
    let known: &[&str] = match kind {
        "document" => &["id", "link", "caption", "filename"],
        "image" | "video" => &["id", "link", "caption"],
        "audio" => &["id", "link", "voice"],
        _ => &["id", "link"],
    };
    only(fields, kind, known)?;
    if part.get("caption").is_some() {
        text(part, "caption", 1, 1024)?;
    }
    match (part.get("id"), part.get("link")) {
        (Some(id), None) => {
            let id = id.as_str().unwrap_or_default();
            if has_media(id) { Ok(()) } else { Err(format!("{kind}: no media {id}")) }
        }
        (None, Some(_)) => {
            let link = text(part, "link", 1, 2048)?;
            if link.starts_with("http") { Ok(()) } else { Err(format!("{kind}: link {link}")) }
        }
        _ => Err(format!("{kind}: either id or link, not {part}")),
    }
}

fn contacts(part: &Value) -> Checked {
    let list = list(part, "contacts", 1, 257)?;
    for contact in list {
        text(&contact["name"], "formatted_name", 1, 255)?;
        let has_more = object(&contact["name"], "name")?.len() > 1;
        if !has_more {
            return Err("contacts: a name needs one more part".to_owned());
        }
        for phone in contact["phones"].as_array().into_iter().flatten() {
            text(phone, "phone", 1, 50)?;
        }
    }
    Ok(())
}

fn template(part: &Value) -> Checked {
    only(object(part, "template")?, "template", &["name", "language", "components"])?;
    text(part, "name", 1, 512)?;
    text(&part["language"], "code", 2, 15)?;
    for component in part["components"].as_array().into_iter().flatten() {
        let known = ["type", "sub_type", "index", "parameters"];
        only(object(component, "component")?, "component", &known)?;
        let kind = text(component, "type", 1, 20)?;
        if !["header", "body", "button"].contains(&kind) {
            return Err(format!("component {kind}"));
        }
        if kind == "button" {
            text(component, "sub_type", 1, 20)?;
            text(component, "index", 1, 2)?;
        }
        for parameter in list(&component["parameters"], "parameters", 1, 100)? {
            match text(parameter, "type", 1, 20)? {
                "text" => text(parameter, "text", 1, 32_768).map(|_| ())?,
                "payload" => text(parameter, "payload", 1, 128).map(|_| ())?,
                "currency" | "date_time" | "image" | "video" | "document" | "location" => {}
                other => return Err(format!("parameter {other}")),
            }
        }
    }
    Ok(())
}

fn interactive(part: &Value) -> Checked {
    let known = ["type", "header", "body", "footer", "action"];
    only(object(part, "interactive")?, "interactive", &known)?;
    text(&part["body"], "text", 1, 1024)?;
    if let Some(footer) = part.get("footer") {
        text(footer, "text", 1, 60)?;
    }
    if let Some(header) = part.get("header") {
        equals(header, "type", "text")?;
        text(header, "text", 1, 60)?;
    }
    let action = &part["action"];
    match text(part, "type", 1, 20)? {
        "button" => {
            only(object(action, "action")?, "action", &["buttons"])?;
            for button in list(&action["buttons"], "buttons", 1, 3)? {
                equals(button, "type", "reply")?;
                text(&button["reply"], "id", 1, 256)?;
                text(&button["reply"], "title", 1, 20)?;
            }
            Ok(())
        }
        "list" => {
            only(object(action, "action")?, "action", &["button", "sections"])?;
            text(action, "button", 1, 20)?;
            let sections = list(&action["sections"], "sections", 1, 10)?;
            let mut rows = 0;
            for section in sections {
                if sections.len() > 1 {
                    text(section, "title", 1, 24)?;
                }
                for row in list(&section["rows"], "rows", 1, 10)? {
                    only(object(row, "row")?, "row", &["id", "title", "description"])?;
                    text(row, "id", 1, 200)?;
                    text(row, "title", 1, 24)?;
                    rows += 1;
                }
            }
            if rows <= 10 { Ok(()) } else { Err(format!("{rows} rows")) }
        }
        other => Err(format!("interactive {other}")),
    }
}

fn object<'v>(value: &'v Value, what: &str) -> Result<&'v Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{what} is no object: {value}"))
}

fn only(fields: &Map<String, Value>, what: &str, known: &[&str]) -> Checked {
    let unknown = fields.keys().find(|key| !known.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(format!("{what} has an unknown field {key}")))
}

fn equals(value: &Value, key: &str, wanted: &str) -> Checked {
    if value[key] == wanted { Ok(()) } else { Err(format!("{key} is {}", value[key])) }
}

fn text<'v>(value: &'v Value, key: &str, min: usize, max: usize) -> Result<&'v str, String> {
    let text = value[key].as_str().ok_or_else(|| format!("{key} is no text in {value}"))?;
    let chars = text.chars().count();
    if (min..=max).contains(&chars) {
        Ok(text)
    } else {
        Err(format!("{key} has {chars} characters"))
    }
}

fn wamid(value: &Value, key: &str) -> Checked {
    let id = text(value, key, 1, 255)?;
    if id.starts_with("wamid.") { Ok(()) } else { Err(format!("{key} {id} is not Meta's")) }
}

fn number(value: &Value, key: &str, limit: f64) -> Checked {
    let number = value[key].as_f64().ok_or_else(|| format!("{key} is no number in {value}"))?;
    if number.abs() <= limit { Ok(()) } else { Err(format!("{key} is {number}")) }
}

fn list<'v>(value: &'v Value, what: &str, min: usize, max: usize) -> Result<&'v [Value], String> {
    let list = value.as_array().ok_or_else(|| format!("{what} is no list: {value}"))?;
    if (min..=max).contains(&list.len()) {
        Ok(list)
    } else {
        Err(format!("{what} has {} items", list.len()))
    }
}
