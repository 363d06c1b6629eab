//! The command line. Its texts are for people, so they are in Portuguese.
//!
//! Flags are kept as written: `config` judges them together with the file and the environment, so
//! that one message names everything that is wrong.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use dx_actors::domain::Role;

use crate::load::options::LoadArgs;

const HELP_TEMPLATE: &str = "{about}\n\nUso: {usage}\n\n{all-args}\n";

/// What the process has been asked to do.
#[derive(Debug, Parser)]
#[command(
    name = "dx-connect",
    version,
    about = "Central de atendimento ao cliente pelo WhatsApp",
    subcommand_help_heading = "Comandos",
    next_help_heading = "Opções",
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    help_template = HELP_TEMPLATE
)]
pub struct Cli {
    #[command(flatten)]
    pub flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
    /// Mostra esta ajuda
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    /// Mostra a versão
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

impl Cli {
    /// No subcommand means `serve`.
    pub fn into_parts(self) -> (Flags, Command) {
        (self.flags, self.command.unwrap_or(Command::Serve { demo: false }))
    }
}

/// Flags that stand above the environment and the file.
#[derive(Debug, Default, Clone, Args)]
pub struct Flags {
    /// Arquivo de configuração (padrão: ./dx-connect.toml, se existir)
    #[arg(long, global = true, value_name = "ARQUIVO")]
    pub config: Option<PathBuf>,
    /// Endereço e porta em que o servidor escuta
    #[arg(long, global = true, value_name = "IP:PORTA")]
    pub bind: Option<String>,
    /// Pasta dos dados (banco SQLite, arquivos, chave secreta)
    #[arg(long, global = true, value_name = "PASTA")]
    pub data_dir: Option<String>,
    /// Banco de dados: sqlite:… ou postgres://…
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Nível do log: error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "NÍVEL")]
    pub log_level: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Inicia o servidor (padrão)
    #[command(next_help_heading = "Opções", help_template = HELP_TEMPLATE)]
    Serve {
        /// Preenche o sistema com dados de demonstração
        #[arg(long)]
        demo: bool,
    },
    /// Cria ou atualiza o banco de dados e termina
    #[command(help_template = HELP_TEMPLATE)]
    Migrate,
    /// Mostra a descrição da API (OpenAPI, JSON) e termina
    #[command(help_template = HELP_TEMPLATE)]
    Openapi,
    /// Testa uma central em funcionamento sob carga
    #[command(help_template = HELP_TEMPLATE)]
    Load(Box<LoadArgs>),
    /// Administra os usuários
    #[command(subcommand, subcommand_help_heading = "Comandos", help_template = HELP_TEMPLATE)]
    User(UserCommand),
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Cria um usuário
    #[command(next_help_heading = "Opções", help_template = HELP_TEMPLATE)]
    Create {
        /// Nome de usuário, usado para entrar
        #[arg(help_heading = "Argumentos")]
        username: String,
        /// O que a pessoa é na empresa
        #[arg(long, value_name = "PAPEL")]
        role: RoleArg,
        /// Nome que os colegas veem
        #[arg(long, value_name = "NOME", default_value = "")]
        display_name: String,
        /// Endereço de e-mail
        #[arg(long, value_name = "EMAIL", default_value = "")]
        email: String,
        /// Lê a senha da entrada padrão (a primeira linha)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Troca a senha de um usuário; as sessões abertas dele deixam de valer
    #[command(next_help_heading = "Opções", help_template = HELP_TEMPLATE)]
    SetPassword {
        /// Nome de usuário
        #[arg(help_heading = "Argumentos")]
        username: String,
        /// Lê a senha da entrada padrão (a primeira linha)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// A [`Role`] as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    Admin,
    Gerente,
    Supervisor,
    Atendente,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Admin => Self::Admin,
            RoleArg::Gerente => Self::Manager,
            RoleArg::Supervisor => Self::Supervisor,
            RoleArg::Atendente => Self::Agent,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<(Flags, Command), clap::Error> {
        let words = std::iter::once("dx-connect").chain(line.split_whitespace());
        Cli::try_parse_from(words).map(Cli::into_parts)
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_subcommand_means_serve() {
        assert_eq!(parse("").unwrap().1, Command::Serve { demo: false });
        assert_eq!(parse("serve --demo").unwrap().1, Command::Serve { demo: true });
        assert_eq!(parse("migrate").unwrap().1, Command::Migrate);
        assert_eq!(parse("openapi").unwrap().1, Command::Openapi);
    }

    #[test]
    fn flags_stand_before_or_after_the_subcommand() {
        for line in ["--bind 0.0.0.0:80 serve", "serve --bind 0.0.0.0:80", "--bind 0.0.0.0:80"] {
            assert_eq!(parse(line).unwrap().0.bind.as_deref(), Some("0.0.0.0:80"), "{line}");
        }
    }

    #[test]
    fn a_user_needs_a_known_role_and_a_password_from_stdin() {
        let line = "user create ana --role gerente --email a@x.br --password-stdin";
        let Command::User(UserCommand::Create { username, role, email, .. }) =
            parse(line).unwrap().1
        else {
            panic!("not a user command")
        };
        assert_eq!((username.as_str(), role, email.as_str()), ("ana", RoleArg::Gerente, "a@x.br"));
        assert!(parse("user create ana --role chefe --password-stdin").is_err());
        assert!(parse("user create ana --role gerente").is_err());
        assert!(parse("user set-password ana").is_err());
        assert!(parse("user set-password ana --password-stdin").is_ok());
    }
}
