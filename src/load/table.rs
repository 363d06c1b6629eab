//! A result as people read it at the terminal.

use std::fmt::Write;

use super::{
    meter::{Hop, Quantiles},
    process::Used,
    progress::millis,
    report::{Checked, Report, Verdict},
    stored::Whereabouts,
};

const LABEL_WIDTH: usize = 30;

/// The whole result, ending with a line break.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    hops(&mut out, report);
    checks(&mut out, report);
    requests(&mut out, report);
    machine(&mut out, report);
    line(&mut out, &verdict(report));
    out
}

fn head(out: &mut String, report: &Report) {
    let settings = &report.settings;
    line(out, &format!("Teste de carga {} em {}", report.run, report.url));
    line(
        out,
        &format!(
            "{} atendentes, {} WebSockets e {} que nunca leem, {} clientes por {} conexões; \
             {:.1} s medidos",
            settings.agents,
            settings.sockets,
            settings.frozen_sockets,
            settings.customers,
            settings.connections,
            report.measured_seconds,
        ),
    );
    line(
        out,
        &format!(
            "por segundo: {} mensagens, {} respostas, {} transferências, {} encerramentos",
            settings.messages_per_second,
            settings.replies_per_second,
            settings.transfers_per_second,
            settings.closings_per_second,
        ),
    );
    if report.was_interrupted {
        line(out, "Interrompido: o resultado é o que houve até ali.");
    }
}

fn hops(out: &mut String, report: &Report) {
    let titles = ["quantos", "por s", "p50 ms", "p90 ms", "p99 ms", "p99,9 ms", "máx ms"];
    let titles = titles.map(|title| format!("{title:>10}")).concat();
    line(out, &format!("\n{:LABEL_WIDTH$}{titles}", ""));
    for hop in Hop::ALL {
        let Some(measured) = report.hops.get(hop.key()).filter(|hop| hop.quantiles.count > 0)
        else {
            continue;
        };
        let Quantiles { count, p50_us, p90_us, p99_us, p999_us, max_us } = measured.quantiles;
        let times = [p50_us, p90_us, p99_us, p999_us, max_us].map(|us| decimals(millis(us), 2));
        let cells = [count.to_string(), decimals(measured.per_second, 1)].into_iter().chain(times);
        let row = format!("{:LABEL_WIDTH$}", hop.label());
        line(out, &cells.fold(row, |row, cell| format!("{row}{cell:>10}")));
    }
    line(out, "");
}

fn checks(out: &mut String, report: &Report) {
    let streams = &report.streams;
    for (name, checked) in [("mensagens", report.messages), ("respostas", report.replies)] {
        let Checked { asked: _, accepted, unknown, lost, misdirected } = checked;
        line(
            out,
            &format!(
                "{name}: {accepted} aceitas, {unknown} sem resposta boa, {lost} perdidas, \
                 {misdirected} mostradas a quem não deviam"
            ),
        );
    }
    line(
        out,
        &format!(
            "nos WebSockets: {} eventos ({} repostos), {} repetidos, {} fora de ordem, {} lacunas de \
             seq ({} eventos), {} seq repetidos, {} retomadas sem histórico",
            streams.events,
            streams.events_replayed,
            streams.duplicated,
            streams.reordered,
            streams.seq_gaps,
            streams.seq_missing,
            streams.seq_repeated,
            streams.not_recovered,
        ),
    );
    if streams.restarts_seen > 0 {
        line(
            out,
            &format!(
                "a central foi reiniciada durante o teste (visto por {} WebSockets): as telas recarregam, \
                 e o que está guardado não conta como perda",
                streams.restarts_seen
            ),
        );
    }
    if streams.chats_requeued > 0 {
        line(out, &format!("a central devolveu {} conversas à fila", streams.chats_requeued));
    }
    if report.settings.frozen_sockets > 0 {
        let (cut, all) = (streams.frozen_sockets_cut_off, streams.frozen_sockets_opened);
        line(out, &format!("WebSockets que nunca leem: {cut} de {all} cortados pela central"));
    }
    for (name, lost) in [("mensagens", &report.lost_messages), ("respostas", &report.lost_replies)]
    {
        let Whereabouts { looked_up, stored, missing, failed } = lost.places;
        if looked_up > 0 {
            line(
                out,
                &format!(
                    "{name} perdidas, procuradas na central: {looked_up}; {stored} guardadas, {missing} \
                     ausentes, {failed} sem resposta; por exemplo {}",
                    lost.examples.join(", "),
                ),
            );
        }
    }
}

fn requests(out: &mut String, report: &Report) {
    let requests = report.requests;
    if requests.started_late + requests.unsent + requests.without_a_chat > 0 {
        line(
            out,
            &format!(
                "pedidos: {} começaram tarde (conexão ocupada), {} não foram feitos, {} não tinham \
                 conversa",
                requests.started_late, requests.unsent, requests.without_a_chat,
            ),
        );
    }
    if report.errors.is_empty() {
        return line(out, "erros: nenhum");
    }
    line(out, &format!("erros: {}", report.errors_total));
    for (kind, count) in &report.errors {
        line(out, &format!("  {count:>8}  {kind}"));
    }
}

fn machine(out: &mut String, report: &Report) {
    match &report.server {
        Some(server) => {
            let per_message =
                server.cpu_us_per_message.map_or_else(|| "–".to_owned(), |us| decimals(us, 0));
            let sockets = server.sockets.map_or_else(|| "–".to_owned(), |n| n.to_string());
            let used = used(&server.process);
            line(
                out,
                &format!("central: {used}, {per_message} µs por mensagem, {sockets} sockets"),
            );
            if server.process.has_ended {
                line(out, "central: o processo terminou durante o teste");
            }
        }
        None => line(out, "central: processador e memória não podem ser vistos daqui"),
    }
    let client = &report.client;
    let used = client.process.as_ref().map_or_else(|| "–".to_owned(), used);
    let lag = decimals(millis(client.lag_p99_us), 2);
    line(out, &format!("teste: {used}, de {} núcleos; atraso p99 {lag} ms", client.cpus));
    if let Some(reason) = &report.cleanup_error {
        line(out, &format!("limpeza incompleta: {reason}"));
    }
}

fn used(used: &Used) -> String {
    format!(
        "pid {}, {} núcleos, memória {} → {} MiB (pico {})",
        used.pid,
        decimals(used.cpu_cores, 2),
        mib(used.resident_begin_bytes),
        mib(used.resident_end_bytes),
        mib(used.resident_peak_bytes),
    )
}

fn verdict(report: &Report) -> String {
    match report.verdict {
        Verdict::Ok => "Resultado: válido, nada se perdeu.".to_owned(),
        Verdict::Faults => {
            "Resultado: FALHA: algo se perdeu, se repetiu, trocou de ordem ou foi a quem não devia."
                .to_owned()
        }
        Verdict::Errors => {
            "Resultado: ERROS: houve pedidos que falharam ou a taxa pedida não foi alcançada."
                .to_owned()
        }
        Verdict::ClientSaturated => {
            let client = &report.client;
            let cores = client.process.as_ref().map_or(0.0, |used| used.cpu_cores);
            let [lag, allowed] =
                [client.lag_p99_us, client.lag_p99_allowed_us].map(|us| decimals(millis(us), 2));
            format!(
                "Resultado: NÃO VALE: o próprio teste não deu conta (atraso p99 {lag} ms, permitido \
                 {allowed} ms; {} de {} núcleos); {} erros.",
                decimals(cores, 2),
                client.cpus,
                report.errors_total,
            )
        }
    }
}

fn mib(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

/// With the comma that people here write.
fn decimals(number: f64, digits: usize) -> String {
    format!("{number:.digits$}").replace('.', ",")
}

fn line(out: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::tests::sound_report;

    #[test]
    fn hops_without_a_measurement_are_left_out_and_times_have_commas() {
        let table = render(&sound_report());
        let row = table.lines().find(|line| line.starts_with("mensagem → 200")).unwrap();
        let cells: Vec<_> = row.split_whitespace().rev().take(7).collect();
        assert_eq!(cells[6..], ["1"]);
        assert_eq!((cells[5], cells[0]), ("0,5", "3,00"));
        assert!(!table.contains("ping → pong"), "{table}");
        assert!(table.ends_with("Resultado: válido, nada se perdeu.\n"), "{table}");
    }

    #[test]
    fn what_went_wrong_is_named() {
        let mut report = sound_report();
        report.verdict = Verdict::ClientSaturated;
        report.client.lag_p99_us = 12_345;
        report.errors.insert("webhook: status 503".to_owned(), 7);
        report.errors_total = 7;
        report.cleanup_error = Some("levou tempo demais".to_owned());
        let table = render(&report);
        for text in ["NÃO VALE", "12,35 ms", "       7  webhook: status 503", "limpeza incompleta"]
        {
            assert!(table.contains(text), "without {text}: {table}");
        }
    }
}
