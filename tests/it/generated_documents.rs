//! Contracts and charges that the hub makes: the reference's requests, with and without bank data.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{id, text},
    on_both_databases,
};

on_both_databases!(
    the_reference_makes_a_contract_and_a_charge_on_a_fresh_installation,
    with_bank_data_and_a_pix_key_the_charge_can_be_paid,
    a_number_means_itself_and_a_text_what_people_write,
);

const CONTRACT: &str = "/api/v1/documentos/gerar-contrato/";
const BOLETO: &str = "/api/v1/documentos/gerar-boleto/";

/// The reference's customer.
async fn customer(client: &Client) -> i64 {
    let body = json!({
        "razao_social": "Empresa XYZ Ltda", "nome_fantasia": "XYZ", "tipo_pessoa": "juridica",
        "cnpj_cpf": "12345678000190", "email": "contato@xyz.com.br", "telefone": "11999999999",
        "endereco": "Rua das Flores, 123", "numero": "123", "bairro": "Centro",
        "cidade": "São Paulo", "estado": "SP", "cep": "01234-567",
    });
    id(&client.post("/api/v1/clientes/", body).expect(201).await)
}

fn contract_of(customer: i64) -> Value {
    json!({
        "cliente_id": customer, "template_nome": "contrato_padrao",
        "dados_contrato": {
            "valor_servico": "5000.00", "data_inicio": "2025-01-01", "data_fim": "2025-12-31",
            "prazo_contrato": "12 meses",
        },
    })
}

fn boleto_of(customer: i64) -> Value {
    json!({
        "cliente_id": customer,
        "dados_boleto": {
            "valor_total": "1500.00", "data_vencimento": "2025-11-30",
            "descricao_servicos": "Mensalidade Novembro 2025",
        },
    })
}

/// The file of a document is a PDF.
async fn assert_pdf(server: &Server, client: &Client, document: &Value) {
    let url = text(&document["arquivo"]);
    let path = url.split_once(server.address()).expect("an absolute address of this server").1;
    let answer = client.get(path).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert!(answer.raw.starts_with("%PDF-"), "{url}");
}

async fn the_reference_makes_a_contract_and_a_charge_on_a_fresh_installation(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let customer = customer(&admin).await;
    let made = admin.post(CONTRACT, contract_of(customer)).expect(201).await;
    assert_eq!(made["message"], "Contrato gerado com sucesso");
    let document = &made["documento"];
    assert_eq!(document["template_usado"], "Contrato de Prestação de Serviços Padrão");
    assert_eq!(document["nome"], "Contrato de Prestação de Serviços Padrão - Empresa XYZ Ltda");
    assert_eq!(
        (&document["origem"], &document["status"], &document["is_contrato"]),
        (&json!("gerado"), &json!("gerado"), &json!(true))
    );
    let filled = &document["dados_preenchidos"];
    assert_eq!(filled["cliente_cnpj"], "12.345.678/0001-90");
    assert_eq!(filled["valor_servico"], "R$ 5.000,00");
    assert_eq!(
        filled["cliente_endereco"],
        "Rua das Flores, 123 - Centro, São Paulo/SP, CEP 01234-567"
    );
    assert_pdf(&server, &admin, document).await;

    let made = admin.post(BOLETO, boleto_of(customer)).expect(201).await;
    assert_eq!(made["message"], "Boleto gerado com sucesso");
    assert_eq!(made["documento"]["data_vencimento"], "2025-11-30");
    assert_eq!((&made["linha_digitavel"], &made["pix_copia_e_cola"]), (&Value::Null, &Value::Null));
    let missing = made["variaveis_faltantes"].as_array().expect("a list");
    assert!(missing.contains(&json!("banco")) && missing.contains(&json!("pix.chave")), "{made}");
    assert_pdf(&server, &admin, &made["documento"]).await;
    let listed = admin.get(&format!("/api/v1/documentos/?cliente={customer}")).expect(200).await;
    assert_eq!(listed["count"], 2);
}

async fn with_bank_data_and_a_pix_key_the_charge_can_be_paid(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let company = json!({
        "nome": "DX Connect", "cnpj": "11222333000181", "endereco": {"cidade": "São Paulo"},
        "dados_bancarios": {
            "banco": "237", "agencia": "1172", "agencia_digito": "0", "conta": "0403005",
            "conta_digito": "2", "carteira": "06",
        },
        "pix": {"chave": "financeiro@dxconnect.com.br"},
    });
    admin.patch("/api/v1/config/company/", company).expect(200).await;
    let customer = customer(&admin).await;
    let made = admin.post(BOLETO, boleto_of(customer)).expect(201).await;
    let code = text(&made["codigo_barras"]);
    assert_eq!((code.len(), &code[..3]), (44, "237"));
    // 2025-11-30 is day 281 after 2025-02-22 (factor 1000); R$ 1.500,00.
    assert_eq!(&code[5..19], "12810000150000");
    let line: String =
        text(&made["linha_digitavel"]).chars().filter(char::is_ascii_digit).collect();
    assert_eq!((line.len(), &line[33..]), (47, &code[5..19]));
    let pix = text(&made["pix_copia_e_cola"]);
    assert!(pix.contains("financeiro@dxconnect.com.br") && pix.contains("54071500.00"), "{pix}");
    assert_eq!(made["variaveis_faltantes"], json!([]));
    assert_pdf(&server, &admin, &made["documento"]).await;

    let mut other = boleto_of(customer);
    other["dados_boleto"]["nosso_numero"] = json!("75896452");
    let made = admin.post(BOLETO, other).expect(201).await;
    assert!(text(&made["codigo_barras"]).contains("75896452"), "{made}");
}

async fn a_number_means_itself_and_a_text_what_people_write(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let customer = customer(&admin).await;
    let shown = |made: Value| made["documento"]["dados_preenchidos"]["valor_servico"].clone();
    for (written, expected) in [
        ("1500", "R$ 1.500,00"),
        ("33.3", "R$ 33,30"),
        ("5.000", "R$ 5,00"),
        ("0.050", "R$ 0,05"),
        ("\"1.500\"", "R$ 1.500,00"),
        ("\"1.500,50\"", "R$ 1.500,50"),
        ("\"0,001\"", "0,001"),
    ] {
        let body = format!(
            "{{\"cliente_id\":{customer},\"dados_contrato\":{{\"valor_servico\":{written}}}}}"
        );
        let call = admin.request(Method::POST, CONTRACT).raw("application/json", body);
        assert_eq!(shown(call.expect(201).await), expected, "{written}");
    }
    for amount in [json!(33.333), json!(1.005), json!(0.001), json!(1e-7)] {
        let contract = json!({"cliente_id": customer, "dados_contrato": {"valor_servico": amount}});
        admin.post(CONTRACT, contract).expect_invalid("dados_contrato.valor_servico").await;
        let boleto = json!({"cliente_id": customer, "dados_boleto": {"valor_total": amount}});
        admin.post(BOLETO, boleto).expect_invalid("dados_boleto.valor_total").await;
    }
    for amount in ["0,001", "0.005"] {
        let boleto = json!({"cliente_id": customer, "dados_boleto": {"valor_total": amount}});
        admin.post(BOLETO, boleto).expect_invalid("dados_boleto.valor_total").await;
    }
}

#[tokio::test]
async fn each_bad_request_is_told_and_makes_nothing() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let customer = customer(&admin).await;
    let refused = admin.post(CONTRACT, json!({})).expect_failure(400).await;
    assert_eq!(refused["error"], "cliente_id é obrigatório");
    admin.post(CONTRACT, json!({"cliente_id": "x"})).expect_invalid("cliente_id").await;
    let missing = admin.post(CONTRACT, json!({"cliente_id": 999})).expect_failure(404).await;
    assert!(text(&missing["detail"]).contains("Cliente"));
    let unknown = json!({"cliente_id": customer, "template_nome": "nada"});
    let missing = admin.post(CONTRACT, unknown).expect_failure(404).await;
    assert_eq!(missing["error"], "Template \"nada\" não encontrado");
    let crossed = json!({"cliente_id": customer, "template_nome": "boleto_padrao"});
    admin.post(CONTRACT, crossed).expect_failure(400).await;
    let not_object = json!({"cliente_id": customer, "dados_boleto": [1]});
    admin.post(BOLETO, not_object).expect_invalid("dados_boleto").await;
    let amount = json!({"cliente_id": customer, "dados_boleto": {"valor_total": "muito"}});
    admin.post(BOLETO, amount).expect_invalid("dados_boleto.valor_total").await;
    let path = format!("/api/v1/clientes/{customer}/status/");
    admin.patch(&path, json!({"status": "inativo"})).expect(200).await;
    admin.post(BOLETO, boleto_of(customer)).expect_failure(404).await;
    assert_eq!(admin.get("/api/v1/documentos/").expect(200).await["count"], 0);
}

#[tokio::test]
async fn templates_are_previewed_as_pdf() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let preview = "/api/v1/config/documents/preview/";
    for key in ["contrato_padrao", "boleto_padrao"] {
        let answer = admin.post(preview, json!({"template_nome": key})).send().await.expect(200);
        assert!(answer.raw.starts_with("%PDF-"), "{key}");
    }
    let written =
        json!({"tipo": "proposta", "conteudo": "Proposta de {{empresa_nome}} a {{cliente_nome}}"});
    admin.post(preview, written).send().await.expect(200);
    let unknown =
        json!({"tipo": "contrato", "conteudo": "{{empresa_nome}} {{cliente_nome}} {{xyz}}"});
    admin.post(preview, unknown).expect_invalid("conteudo").await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    ana.post(preview, json!({"template_nome": "contrato_padrao"})).expect_failure(403).await;
}

#[tokio::test]
async fn what_is_missing_twice_is_told_once() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let content =
        "{{empresa_nome}} cobra de {{cliente_nome}}: {{banco}}, {{conta}}, {{valor_total}}";
    let template = json!({"simples": {"nome": "Simples", "tipo": "boleto", "conteudo": content}});
    admin.patch("/api/v1/config/documents/", template).expect(200).await;
    let mut body = boleto_of(customer(&admin).await);
    body["template_nome"] = json!("simples");
    let made = admin.post(BOLETO, body).expect(201).await;
    assert_eq!(made["variaveis_faltantes"], json!(["banco", "conta", "pix.chave"]));
}
