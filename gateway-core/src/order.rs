//! Orders: what callers send to have something done, typed and checked before any cloud is asked.
//!
//! One file per family of kinds, with the bodies and the table of verbs. An order names other resources by the
//! gateway's ids; what stands behind them comes along in [`References`].

mod address;
mod image;
mod instance;
mod network;
mod router;
mod security;
mod volume;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use address::{CreateIpAddress, CreateIpAddressBinding, UpdateQuota};
pub use image::{CreateImage, CreateSshKey, ShareImage};
pub use instance::{BootVolume, CreateInstance, ImageOfInstance, Reboot, Rebuild, Resize};
pub use network::{
    CreateNetwork, CreateNetworkInterface, CreateSubnet, FixedAddress, UpdateNetworkInterface,
};
pub use router::{CreateRouter, RouterGateway, RouterSubnet};
pub use security::{CreateSecurityGroup, CreateSecurityGroupRule};
pub use volume::{CreateVolume, CreateVolumeAttachment, CreateVolumeSnapshot, Extend};

pub(crate) use address::{IP_ADDRESS, IP_ADDRESS_BINDING, QUOTA};
pub(crate) use image::{IMAGE, SSH_KEY};
pub(crate) use instance::INSTANCE;
pub(crate) use network::{NETWORK, NETWORK_INTERFACE, SUBNET};
pub(crate) use router::ROUTER;
pub(crate) use security::{SECURITY_GROUP, SECURITY_GROUP_RULE};
pub(crate) use volume::{VOLUME, VOLUME_ATTACHMENT, VOLUME_SNAPSHOT};

use crate::id::ResourceId;
use crate::kind::{Kind, Schemas};
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

/// What is wrong with one field of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// What, for who sent it.
    pub detail: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// An order of any verb.
#[derive(Clone, Debug)]
pub enum Order {
    /// Of a verb that needs no more said.
    Plain,
    /// Makes instances.
    CreateInstance(Box<CreateInstance>),
    /// Reboots an instance.
    Reboot(Reboot),
    /// Gives an instance another type.
    Resize(Resize),
    /// Makes an instance anew.
    Rebuild(Rebuild),
    /// Makes an image of an instance.
    ImageOfInstance(ImageOfInstance),
    /// Makes a volume.
    CreateVolume(CreateVolume),
    /// Makes a volume larger.
    Extend(Extend),
    /// Attaches a volume.
    CreateVolumeAttachment(CreateVolumeAttachment),
    /// Makes a snapshot.
    CreateVolumeSnapshot(CreateVolumeSnapshot),
    /// Makes an image to be filled.
    CreateImage(CreateImage),
    /// Shares an image, or ends that.
    ShareImage(ShareImage),
    /// Makes or imports a key.
    CreateSshKey(CreateSshKey),
    /// Makes a network.
    CreateNetwork(CreateNetwork),
    /// Makes a subnet.
    CreateSubnet(CreateSubnet),
    /// Makes an interface.
    CreateNetworkInterface(CreateNetworkInterface),
    /// Changes an interface.
    UpdateNetworkInterface(UpdateNetworkInterface),
    /// Makes a router.
    CreateRouter(CreateRouter),
    /// Connects a router with a subnet, or ends that.
    RouterSubnet(RouterSubnet),
    /// Lets a router lead out.
    RouterGateway(RouterGateway),
    /// Takes an outside address.
    CreateIpAddress(CreateIpAddress),
    /// Leads an outside address to something.
    CreateIpAddressBinding(CreateIpAddressBinding),
    /// Makes a security group.
    CreateSecurityGroup(CreateSecurityGroup),
    /// Makes a rule.
    CreateSecurityGroupRule(CreateSecurityGroupRule),
    /// Changes a quota.
    UpdateQuota(UpdateQuota),
    /// Changes what an owner writes about something.
    Update(Update),
}

/// A resource that an order names or is about, as the store has it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The gateway's id.
    pub id: ResourceId,
    /// Its type.
    pub kind: Kind,
    /// What makes it unique within cloud, region and kind.
    pub native_key: String,
    /// The cloud's own id.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Its canonical document.
    pub document: Map<String, Value>,
}

/// What stands behind the ids that an order names.
#[derive(Clone, Debug, Default)]
pub struct References(pub BTreeMap<ResourceId, Known>);

impl References {
    /// What was named. The gateway looks up every id before it asks a driver, so that only a defect gives nothing.
    ///
    /// # Errors
    /// Internal, when it was not looked up.
    pub fn get(&self, id: ResourceId) -> crate::Result<&Known> {
        self.0.get(&id).ok_or_else(|| crate::Error::internal("an order names what was not looked up"))
    }
}

/// What an owner writes about a resource. What is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new description; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All tags, in place of those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The body of one verb.
pub(crate) trait Body: DeserializeOwned + ToSchema {
    /// The resources that it names.
    const NAMES: &'static [Named];
    /// What is wrong with it, besides its form.
    fn faults(&self) -> Faults;
    /// The order.
    fn order(self) -> Order;
}

/// Collects faults.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

/// Longest name that is passed on: every cloud here takes that much, and none takes more everywhere.
const LONGEST_NAME: usize = 255;

/// Most tags of one resource: EC2's limit, and more than an index of terms should hold.
const MOST_TAGS: usize = 50;

impl Faults {
    pub(crate) fn unless(mut self, fine: bool, pointer: &str, detail: &str) -> Self {
        if !fine {
            self.0.push(Fault::new(pointer, detail));
        }
        self
    }

    /// A name that a cloud may refuse.
    pub(crate) fn name(self, name: &str) -> Self {
        let fine = !name.trim().is_empty()
            && name.chars().count() <= LONGEST_NAME
            && !name.chars().any(char::is_control);
        self.unless(fine, "/name", "must be 1 to 255 characters, none of them a control character")
    }

    pub(crate) fn description(self, description: Option<&String>) -> Self {
        let fine = description.is_none_or(|text| text.chars().count() <= 200);
        self.unless(fine, "/description", "must be 200 characters at most")
    }

    pub(crate) fn tags(mut self, tags: &BTreeMap<String, String>) -> Self {
        self = self.unless(tags.len() <= MOST_TAGS, "/tags", "must be 50 at most");
        for (key, value) in tags {
            let pointer = format!("/tags/{}", key.replace('~', "~0").replace('/', "~1"));
            let fine = !key.is_empty() && key.chars().count() <= 127 && value.chars().count() <= 255;
            self = self
                .unless(fine, &pointer, "must have a key of 1 to 127 and a value of 255 characters at most")
                .unless(key != crate::marker::MARKER_KEY, &pointer, "is the gateway's own");
        }
        self
    }

    /// A range of addresses.
    pub(crate) fn cidr(self, pointer: &str, cidr: &str) -> Self {
        self.unless(is_cidr(cidr), pointer, "must be a range of addresses such as 10.0.0.0/24")
    }

    pub(crate) fn address(self, pointer: &str, address: &str) -> Self {
        self.unless(address.parse::<std::net::IpAddr>().is_ok(), pointer, "must be an IP address")
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let (Ok(address), Ok(bits)) = (address.parse::<std::net::IpAddr>(), bits.parse::<u8>()) else {
        return false;
    };
    bits <= if address.is_ipv4() { 32 } else { 128 }
}

impl Body for Update {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        let faults = Faults::default().description(self.description.as_ref()).unless(
            *self != Self::default(),
            "",
            "must change something",
        );
        let faults = self.name.iter().fold(faults, |faults, name| faults.name(name));
        self.tags.iter().fold(faults, Faults::tags)
    }

    fn order(self) -> Order {
        Order::Update(self)
    }
}

/// A verb with a body.
const fn with<B: Body>(verb: Verb, when: When, repeat: Repeat) -> VerbSpec {
    VerbSpec {
        verb,
        when,
        unless: None,
        repeat,
        names: B::NAMES,
        schema: Some(schemas::<B>),
        read: read::<B>,
    }
}

/// A verb of which nothing more is said.
const fn plain(verb: Verb, when: When, repeat: Repeat) -> VerbSpec {
    VerbSpec { verb, when, unless: None, repeat, names: &[], schema: None, read: read_plain }
}

const fn create<B: Body>() -> VerbSpec {
    with::<B>(Verb::Create, When::Always, Repeat::Found)
}

const fn update(when: When) -> VerbSpec {
    with::<Update>(Verb::Update, when, Repeat::Harmless)
}

const fn delete(when: When) -> VerbSpec {
    plain(Verb::Delete, when, Repeat::Harmless)
}

fn schemas<B: Body>() -> Schemas {
    let mut all = vec![(B::name().into_owned(), B::schema())];
    B::schemas(&mut all);
    all
}

fn read<B: Body>(order: Value) -> Result<Order, Vec<Fault>> {
    let body: B = serde_path_to_error::deserialize(order).map_err(|error| vec![form_fault(&error)])?;
    let Faults(faults) = body.faults();
    if faults.is_empty() { Ok(body.order()) } else { Err(faults) }
}

fn read_plain(order: Value) -> Result<Order, Vec<Fault>> {
    match order {
        Value::Null => Ok(Order::Plain),
        Value::Object(members) => match members.keys().next() {
            None => Ok(Order::Plain),
            Some(member) => Err(vec![Fault::new(format!("/{member}"), "is not known here")]),
        },
        _ => Err(vec![Fault::new("", "must be an object or nothing")]),
    }
}

/// serde's words, without the values that it quotes: they may be secrets.
fn form_fault(error: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    let pointer: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
            serde_path_to_error::Segment::Map { key } => Some(format!("/{key}")),
            _ => None,
        })
        .collect();
    let text = error.inner().to_string();
    let detail = ["missing field", "unknown field", "duplicate field"]
        .iter()
        .find(|start| text.starts_with(*start))
        .map(|_| {
            text.split(" at line").next().unwrap_or_default().split(", expected").next().unwrap_or_default()
        })
        .unwrap_or("is not of the documented form");
    Fault::new(pointer, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds;

    fn read(kind: &str, verb: Verb, order: Value) -> Result<Order, Vec<Fault>> {
        (Kind::parse(kind).unwrap().spec().verb(verb).unwrap().read)(order)
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place_and_never_quoted() {
        let order = json!({ "name": " ", "image": ResourceId::generate(), "instance_type": ResourceId::generate(),
                            "count": 0, "tags": { "gateway-operation": "x" } });
        let faults = read("instance", Verb::Create, order).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/name", "/tags/gateway-operation", "/count"]);
        let faults =
            read("instance", Verb::Create, json!({ "name": { "password": "hunter2" } })).unwrap_err();
        assert_eq!(faults, [Fault::new("/name", "is not of the documented form")]);
        let faults = read("volume", Verb::Extend, json!({})).unwrap_err();
        assert_eq!(faults, [Fault::new("", "missing field `size_gib`")]);
        let several = json!({ "name": "n".repeat(252), "image": ResourceId::generate(),
                              "instance_type": ResourceId::generate(), "count": 2 });
        let faults = read("instance", Verb::Create, several).unwrap_err();
        assert_eq!(faults[0].pointer, "/name", "there is no room for the numbers");
        assert!(read("instance", Verb::Stop, json!({ "x": 1 })).is_err());
        assert!(read("instance", Verb::Stop, Value::Null).is_ok());
    }

    #[test]
    fn what_orders_name_are_kinds_and_members_of_their_schema() {
        for spec in kinds::ALL {
            for verb in spec.verbs {
                let schema = verb.schema.map(|schema| serde_json::to_value(&schema()[0].1).unwrap());
                for named in verb.names {
                    assert!(named.kind().is_registered(), "{} {}", spec.kind, verb.verb);
                    let properties = &schema.as_ref().unwrap()["properties"];
                    assert!(properties[named.path[0]].is_object(), "{} {}", spec.kind, verb.verb);
                }
                if let When::In(states) | When::Except(states) = verb.when {
                    assert!(states.iter().all(|state| spec.state(state).is_some()), "{}", spec.kind);
                }
            }
        }
    }

    #[test]
    fn ranges_of_addresses_are_told_from_other_text() {
        for fine in ["10.0.0.0/24", "0.0.0.0/0", "fd00::/8"] {
            assert!(is_cidr(fine), "{fine}");
        }
        for other in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1", ""] {
            assert!(!is_cidr(other), "{other}");
        }
    }
}
