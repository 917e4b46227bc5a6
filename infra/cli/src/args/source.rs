//! `rightful source …`.

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum SourceCommand {
    /// Connects a data source
    Add(SourceAdd),
    /// Shows the connected data sources, then the connectors that aren't connected yet and what each needs
    List,
    /// Shows a data source: its target, parameters, control, kinds of identifiers and review policies
    Show {
        /// The data source
        id: String,
    },
    /// Tests a data source: makes a harmless call to the vendor, and searches for the control
    Test {
        /// The data source
        id: String,
    },
    /// Lets new requests go to a data source again
    Enable {
        /// The data source
        id: String,
    },
    /// Keeps new requests from a data source; open requests continue
    Disable {
        /// The data source
        id: String,
    },
    /// Changes parameters, the secret, the control or the review policies; everything else stays
    Change(SourceChange),
    /// Removes a data source and its secret; refused while an open request uses it
    Remove {
        /// The data source
        id: String,
        /// Confirm the removal
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct SourceAdd {
    /// The connector, such as qualifio (`rightful connector list`)
    pub connector: String,
    /// The data source's name: 1 to 32 of a-z, 0-9 and -
    #[arg(long)]
    pub id: String,
    /// A parameter of the connector
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// A field of the secret, from a file or from standard input
    #[arg(long, value_name = "NAME=@FILE|NAME=-")]
    pub secret: Vec<String>,
    /// Who decides on what is found there, instead of the deployment's policy: auto, over:N or always
    #[arg(long, value_name = "RIGHT=POLICY")]
    pub review: Vec<String>,
    /// The identifier of an invented person whose record every search must find; never a data subject's
    #[arg(long, value_name = "KIND=VALUE")]
    pub control: Option<String>,
}

#[derive(Args)]
pub struct SourceChange {
    /// The data source
    pub id: String,
    /// A new value for a parameter
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// A parameter to reset to its default
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// A new secret: all of its fields, each from a file or from standard input
    #[arg(long, value_name = "NAME=@FILE|NAME=-")]
    pub secret: Vec<String>,
    /// Who decides on what is found there: auto, over:N or always, or `deployment` for the deployment's policy
    #[arg(long, value_name = "RIGHT=POLICY")]
    pub review: Vec<String>,
    /// The identifier of an invented person whose record every search must find; never a data subject's
    #[arg(long, value_name = "KIND=VALUE")]
    pub control: Option<String>,
    /// Remove the control; a look that finds nothing then counts only after a second one
    #[arg(long, conflicts_with = "control")]
    pub no_control: bool,
    /// Change it even if open tasks can't continue unchanged; without this flag they are listed and nothing changes
    #[arg(long)]
    pub force: bool,
}
