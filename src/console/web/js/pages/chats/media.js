// Files of messages. They need a token, so they are fetched and shown out of the browser's memory.
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { bytes } from "../../lib/format.js";
import { onSignOut } from "../../lib/session.js";
import { Button, IconButton } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { fail } from "../../components/toast.js";
import { nameOfKind, iconOf } from "./kinds.js";

/** Files that are kept in memory: about what one scrolls through in a conversation. */
const KEPT_MAX = 60;
const kept = new Map();

onSignOut(() => {
  for (const entry of kept.values()) entry.then(URL.revokeObjectURL, () => {});
  kept.clear();
});

/** An address of this file's bytes. */
function urlOf(fileId, isSmall) {
  const key = `${fileId} ${isSmall}`;
  const known = kept.get(key);
  if (known) return known;
  const loading = api.blob(`whatsapp/media/${fileId}/`, isSmall ? { miniatura: 1 } : {}).then((blob) => URL.createObjectURL(blob));
  kept.set(key, loading);
  loading.catch(() => kept.delete(key));
  if (kept.size > KEPT_MAX) {
    const [oldest, entry] = kept.entries().next().value;
    kept.delete(oldest);
    entry.then(URL.revokeObjectURL, () => {});
  }
  return loading;
}

/** The address once the element has come near the screen, or what went wrong. */
function useFile(fileId, isSmall, isWanted = true) {
  const [file, setFile] = useState({ url: null, error: null });
  const place = useRef(null);
  useEffect(() => {
    if (!fileId || !isWanted) return undefined;
    let isGone = false;
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      observer.disconnect();
      urlOf(fileId, isSmall).then((url) => isGone || setFile({ url, error: null }), (error) => isGone || setFile({ url: null, error }));
    }, { rootMargin: "400px" });
    observer.observe(place.current);
    return () => {
      isGone = true;
      observer.disconnect();
    };
  }, [fileId, isSmall, isWanted]);
  return [place, file];
}

const filename = (message) => message.details?.filename || `${nameOfKind(message.message_type)}.${(message.media_mime_type ?? "").split("/")[1]?.split(";")[0] ?? ""}`.replace(/\.$/, "");

async function save(message) {
  try {
    const link = document.createElement("a");
    link.href = await urlOf(message.media_file_id, false);
    link.download = filename(message);
    link.click();
  } catch (error) {
    fail(error);
  }
}

export function Media({ message }) {
  const { media_file_id: fileId, media_status: state, message_type: kind } = message;
  const fetchAgain = () => api.post(`whatsapp/messages/${message.id}/midia/`).catch(fail);
  if (state === "failed") return html`<div class="file"><${Icon} name=${iconOf(kind)} /><span>${nameOfKind(kind)}<small>O arquivo não chegou</small></span><${Button} kind="quiet" class="small" onClick=${fetchAgain}>Buscar de novo<//></div>`;
  if (!fileId) return html`<div class="file"><${Icon} name=${iconOf(kind)} /><span>${nameOfKind(kind)}<small>${state === "pending" ? "Baixando…" : "Arquivo guardado fora do sistema"}</small></span></div>`;
  if (kind === "image" || kind === "sticker") return html`<${Picture} message=${message} />`;
  if (kind === "audio") return html`<${Player} message=${message} tag="audio" />`;
  if (kind === "video") return html`<${Player} message=${message} tag="video" />`;
  return html`<button type="button" class="file" onClick=${() => save(message)}><${Icon} name="file-text" /><span class="grow"><span class="cut">${filename(message)}</span><small>${[bytes(message.media_size), "Baixar"].filter(Boolean).join(" · ")}</small></span><${Icon} name="download" size=${16} /></button>`;
}

function Picture({ message }) {
  const [isOpen, setOpen] = useState(false);
  const isSticker = message.message_type === "sticker";
  const [place, { url, error }] = useFile(message.media_file_id, !isSticker);
  const { width, height } = message.details ?? {};
  const shape = width && height ? { aspectRatio: `${width} / ${height}` } : {};
  const label = message.text_content ? `Foto: ${message.text_content}` : "Foto";
  return html`<button type="button" ref=${place} class=${isSticker ? "picture sticker" : "picture"} style=${shape} aria-label=${`Abrir ${label}`} onClick=${() => setOpen(true)}>
    ${url ? html`<img src=${url} alt="" />` : html`<${Icon} name=${error ? "circle-alert" : "image"} size=${24} />`}
  </button>${isOpen && html`<${Viewer} message=${message} label=${label} onClose=${() => setOpen(false)} />`}`;
}

function Viewer({ message, label, onClose }) {
  const [place, { url, error }] = useFile(message.media_file_id, false);
  return html`<${Dialog} title=${label} size="viewer" onClose=${onClose} footer=${html`<${Button} icon="download" onClick=${() => save(message)}>Baixar<//>`}>
    <div class="viewer-picture" ref=${place}>${url ? html`<img src=${url} alt=${label} />` : html`<p class="soft">${error ? error.message : "Carregando…"}</p>`}</div>
  <//>`;
}

/** A recording is fetched when it is to be played; a voice message, as it is small, when it comes near the screen. */
function Player({ message, tag }) {
  const [isWanted, setWanted] = useState(tag === "audio");
  const [place, { url, error }] = useFile(message.media_file_id, false, isWanted);
  const label = tag === "audio" ? "Áudio" : "Vídeo";
  return html`<div class=${`player ${tag}`} ref=${place}>
    ${url ? (tag === "audio" ? html`<audio controls preload="metadata" src=${url} aria-label=${label}></audio>` : html`<video controls playsinline preload="metadata" src=${url} aria-label=${label}></video>`)
      : html`<button type="button" class="file" onClick=${() => setWanted(true)} disabled=${isWanted && !error}><${Icon} name=${isWanted && !error ? "loader-circle" : "play"} /><span>${label}<small>${error ? error.message : isWanted ? "Carregando…" : bytes(message.media_size) || "Assistir"}</small></span></button>`}
    ${url && html`<${IconButton} icon="download" label="Baixar" size=${16} onClick=${() => save(message)} />`}
  </div>`;
}
