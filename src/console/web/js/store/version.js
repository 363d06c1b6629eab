// Notices that the server has another version of the console than this page.
import { toast } from "../components/toast.js";
import { onSnapshot } from "../lib/socket.js";

const mine = document.documentElement.dataset.version;
let isFirst = true;
let isTold = false;

// A new run of the hub comes with a new snapshot.
onSnapshot(async () => {
  const skips = isFirst || isTold;
  isFirst = false;
  if (skips) return;
  const page = await fetch("/", { cache: "no-cache" }).then((answer) => answer.text(), () => "");
  const theirs = /data-version="([^"]+)"/.exec(page)?.[1];
  if (!theirs || theirs === mine) return;
  isTold = true;
  toast("O console foi atualizado.", { action: { label: "Recarregar", run: () => location.reload() }, stays: true });
});
