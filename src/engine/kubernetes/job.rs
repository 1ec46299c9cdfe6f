//! The Job of a piece of work: a value, made of values.
//!
//! It needs no field that is younger than Kubernetes 1.8; what the server has beyond that, it says by its version.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, Container, EmptyDirVolumeSource, EnvVar, EnvVarSource, KeyToPath,
    LocalObjectReference, ObjectFieldSelector, PodAffinityTerm, PodAntiAffinity,
    PodSecurityContext, PodSpec, PodTemplateSpec, ResourceRequirements, SeccompProfile,
    SecretVolumeSource, SecurityContext, Toleration, Volume, VolumeMount, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::names::{ATTEMPT, MANAGED_BY, MANAGER, TITLE, job_name, label_value};
use crate::engine::cluster::{ClusterSettings, ClusterWork};

/// Where the tool and everything that it writes is in a pod.
pub(super) const FOLDER: &str = "/kmembuild-pod";
/// Where the credentials of the registry are in a pod.
const CREDENTIALS: &str = "/kmembuild-credentials";
/// Memory of work of which nobody says how much it needs, in bytes.
const MEMORY: u64 = 2 << 30;
/// Processors of such work, in billionths of one.
const NANO_CPUS: i64 = 1_000_000_000;
/// Most bytes that such work writes.
const DISK: u64 = 10 << 30;
/// Seconds that a lost node is waited for.
const NODE_SECONDS: i64 = 60;
/// Seconds that a pod has to end by itself.
const GRACE_SECONDS: i64 = 10;
/// The first minor version whose servers take sizes of disks; 1.8 and 1.9 refuse them unless a feature gate is open.
const SIZES_OF_DISKS: u32 = 10;

/// What Jobs are made with, besides their work.
#[derive(Debug, Clone, Copy)]
pub(super) struct JobContext<'a> {
    pub(super) settings: &'a ClusterSettings,
    /// Minor version of the API server: 20 of 1.20.
    pub(super) minor: u32,
    /// Image with the tool, by its digest, as nodes pull it.
    pub(super) tool: &'a str,
    /// Image of the work, by its digest, as nodes pull it.
    pub(super) image: &'a str,
    /// The work's input, as the pod pulls it.
    pub(super) input: &'a str,
    /// How long it may wait for a node and for its images, in seconds.
    pub(super) pending: i64,
}

/// The Job that does the work, for the `attempt`th time.
pub(super) fn job(work: &ClusterWork, context: &JobContext<'_>, attempt: u32) -> Job {
    let labels = labels(work);
    let lifetime = i64::try_from(work.lifetime.as_secs()).unwrap_or(i64::MAX);
    let in_pod = lifetime.saturating_add(context.pending);
    Job {
        metadata: ObjectMeta {
            name: Some(job_name(work)),
            labels: Some(labels.clone()),
            annotations: Some(BTreeMap::from([
                (TITLE.to_owned(), work.title.clone()),
                (ATTEMPT.to_owned(), attempt.to_string()),
            ])),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            completions: Some(1),
            parallelism: Some(1),
            // The client waits by itself; this ends what nobody waits for any more.
            active_deadline_seconds: Some(in_pod.saturating_add(context.pending)),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels),
                    annotations: Some(BTreeMap::from([
                        (TITLE.to_owned(), work.title.clone()),
                        (
                            "cluster-autoscaler.kubernetes.io/safe-to-evict".to_owned(),
                            "false".to_owned(),
                        ),
                    ])),
                    ..ObjectMeta::default()
                }),
                spec: Some(PodSpec {
                    active_deadline_seconds: Some(in_pod),
                    ..pod(work, context)
                }),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

fn labels(work: &ClusterWork) -> BTreeMap<String, String> {
    let own = work.labels.iter();
    let own = own.map(|(name, value)| (name.clone(), label_value(value)));
    own.chain([(MANAGED_BY.to_owned(), MANAGER.to_owned())])
        .collect()
}

fn pod(work: &ClusterWork, context: &JobContext<'_>) -> PodSpec {
    let settings = context.settings;
    let named = |name: &String| LocalObjectReference { name: name.clone() };
    PodSpec {
        restart_policy: Some("Never".to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: (context.minor >= 13).then_some(false),
        service_account_name: settings.service_account.clone(),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        node_selector: Some(settings.node_selector.clone()).filter(|labels| !labels.is_empty()),
        priority_class_name: settings.priority_class.clone(),
        image_pull_secrets: settings
            .pull_secret
            .as_ref()
            .map(|secret| vec![named(secret)]),
        affinity: Some(apart()),
        tolerations: Some(tolerations(settings)),
        security_context: (context.minor >= 19).then(|| PodSecurityContext {
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..PodSecurityContext::default()
        }),
        volumes: Some(volumes(work, context)),
        init_containers: Some(vec![Container {
            name: "tool".to_owned(),
            image: Some(context.tool.to_owned()),
            command: Some(words(&[
                "/kmembuild",
                "work",
                "--install",
                &format!("{FOLDER}/kmembuild"),
            ])),
            volume_mounts: Some(vec![mount("kmembuild", FOLDER)]),
            ..container(work, context)
        }]),
        containers: vec![Container {
            name: "build".to_owned(),
            image: Some(context.image.to_owned()),
            command: Some(words(&[
                &format!("{FOLDER}/kmembuild"),
                "work",
                "--input",
                context.input,
                "--node",
                "$(NODE_NAME)",
            ])),
            env: Some(environment(settings)),
            volume_mounts: Some(mounts(work, settings)),
            termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
            ..container(work, context)
        }],
        ..PodSpec::default()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What both containers have in common.
fn container(work: &ClusterWork, context: &JobContext<'_>) -> Container {
    let added = [
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "KILL",
        "SETGID",
        "SETUID",
    ];
    Container {
        image_pull_policy: Some("IfNotPresent".to_owned()),
        resources: Some(resources(work, context)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            privileged: Some(false),
            // Those of root over the files and processes of its own container.
            capabilities: Some(Capabilities {
                drop: Some(words(&["ALL"])),
                add: Some(words(&added)),
            }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

/// Requests and limits are the same, so that the pod is the last to go when a node runs out of something.
fn resources(work: &ClusterWork, context: &JobContext<'_>) -> ResourceRequirements {
    let settings = context.settings;
    let memory = work.memory.or(settings.memory).unwrap_or(MEMORY);
    let nano_cpus = work.nano_cpus.or(settings.nano_cpus).unwrap_or(NANO_CPUS);
    let cpu = (nano_cpus / 1_000_000).max(1);
    let mut amounts = BTreeMap::from([
        ("cpu".to_owned(), Quantity(format!("{cpu}m"))),
        ("memory".to_owned(), Quantity(memory.to_string())),
    ]);
    let disk = work.disk.or(settings.disk);
    if let Some(disk) = disk.filter(|_| context.minor >= SIZES_OF_DISKS) {
        let disk = Quantity(disk.to_string());
        amounts.insert("ephemeral-storage".to_owned(), disk);
    }
    ResourceRequirements {
        requests: Some(amounts.clone()),
        limits: Some(amounts),
        ..ResourceRequirements::default()
    }
}

/// On different nodes, where that is possible.
fn apart() -> Affinity {
    let selector = LabelSelector {
        match_labels: Some(BTreeMap::from([(
            MANAGED_BY.to_owned(),
            MANAGER.to_owned(),
        )])),
        match_expressions: None,
    };
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![
                WeightedPodAffinityTerm {
                    weight: 100,
                    pod_affinity_term: PodAffinityTerm {
                        label_selector: Some(selector),
                        topology_key: "kubernetes.io/hostname".to_owned(),
                        ..PodAffinityTerm::default()
                    },
                },
            ]),
            ..PodAntiAffinity::default()
        }),
        ..Affinity::default()
    }
}

fn tolerations(settings: &ClusterSettings) -> Vec<Toleration> {
    let lost = ["not-ready", "unreachable"].map(|state| Toleration {
        key: Some(format!("node.kubernetes.io/{state}")),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: Some(NODE_SECONDS),
        value: None,
    });
    let own = settings.tolerations.iter().map(|own| Toleration {
        key: own.key.clone(),
        operator: own.operator.clone(),
        value: own.value.clone(),
        effect: own.effect.clone(),
        toleration_seconds: None,
    });
    own.chain(lost).collect()
}

fn volumes(work: &ClusterWork, context: &JobContext<'_>) -> Vec<Volume> {
    let settings = context.settings;
    let disk = work.disk.or(settings.disk).unwrap_or(DISK);
    let empty = |name: &str| Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: (context.minor >= SIZES_OF_DISKS).then(|| Quantity(disk.to_string())),
            medium: None,
        }),
        ..Volume::default()
    };
    let mut volumes = vec![empty("kmembuild")];
    if work.scratch.is_some() {
        volumes.push(empty("source"));
    }
    if let Some(secret) = &settings.push_secret {
        volumes.push(Volume {
            name: "credentials".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(secret.clone()),
                items: Some(vec![KeyToPath {
                    key: ".dockerconfigjson".to_owned(),
                    path: "config.json".to_owned(),
                    mode: None,
                }]),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    volumes
}

fn mounts(work: &ClusterWork, settings: &ClusterSettings) -> Vec<VolumeMount> {
    let mut mounts = vec![mount("kmembuild", FOLDER)];
    if let Some(scratch) = &work.scratch {
        mounts.push(mount("source", scratch));
    }
    if settings.push_secret.is_some() {
        mounts.push(VolumeMount {
            read_only: Some(true),
            ..mount("credentials", CREDENTIALS)
        });
    }
    mounts
}

fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

fn environment(settings: &ClusterSettings) -> Vec<EnvVar> {
    let plain = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        value_from: None,
    };
    let credentials = settings
        .push_secret
        .is_some()
        .then(|| plain("DOCKER_CONFIG", CREDENTIALS));
    let node = EnvVar {
        name: "NODE_NAME".to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: "spec.nodeName".to_owned(),
                api_version: None,
            }),
            ..EnvVarSource::default()
        }),
    };
    let own = [
        node,
        plain("KMEMBUILD_CACHE_DIR", &format!("{FOLDER}/cache")),
        plain("KMEMBUILD_CONFIG_DIR", &format!("{FOLDER}/config")),
        plain("TMPDIR", FOLDER),
    ];
    own.into_iter().chain(credentials).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{JobContext, job};
    use crate::engine::cluster::{ClusterSettings, ClusterWork, Toleration};
    use crate::transport::Digest;

    fn work() -> ClusterWork {
        ClusterWork {
            key: "0123456789abcdef".repeat(4),
            title: "runc v1.0.0-rc10".to_owned(),
            image: "registry.example/golang@sha256:1".to_owned(),
            input: Digest::of(b"input"),
            scratch: Some("/go/src/runc".to_owned()),
            memory: Some(1 << 30),
            nano_cpus: Some(1_500_000_000),
            disk: None,
            lifetime: Duration::from_hours(1),
            run: "run".to_owned(),
            labels: BTreeMap::from([("io.kmembuild.run".to_owned(), "run".to_owned())]),
        }
    }

    fn made(settings: &ClusterSettings, minor: u32) -> Value {
        let context = JobContext {
            settings,
            minor,
            tool: "registry.example/builds/images@sha256:2",
            image: "registry.example/golang@sha256:1",
            input: "registry.example/builds/work@sha256:3",
            pending: 600,
        };
        serde_json::to_value(job(&work(), &context, 2)).expect("JSON")
    }

    /// Every field of a value, by its path; the names of maps of the user's are not fields.
    fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = format!("{path}.{name}");
                    let is_map = [
                        "labels",
                        "annotations",
                        "limits",
                        "requests",
                        "nodeSelector",
                    ];
                    if !is_map.contains(&name.as_str()) && !path.ends_with("matchLabels") {
                        fields(member, &path, found);
                    }
                    found.insert(path);
                }
            }
            Value::Array(members) => {
                for member in members {
                    fields(member, path, found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn a_job_is_what_its_work_and_the_settings_say() {
        let settings = ClusterSettings {
            pull_secret: Some("pull".to_owned()),
            push_secret: Some("push".to_owned()),
            service_account: Some("builder".to_owned()),
            node_selector: BTreeMap::from([("pool".to_owned(), "build".to_owned())]),
            tolerations: vec![Toleration {
                key: Some("dedicated".to_owned()),
                operator: Some("Exists".to_owned()),
                ..Toleration::default()
            }],
            priority_class: Some("low".to_owned()),
            disk: Some(5 << 30),
            ..ClusterSettings::default()
        };
        let job = made(&settings, 20);
        assert_eq!(
            job["metadata"]["name"],
            "kmembuild-runc-0123456789abcdef01234567"
        );
        assert_eq!(job["metadata"]["labels"]["io.kmembuild.run"], "run");
        assert_eq!(job["spec"]["backoffLimit"], 0);
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(pod["restartPolicy"], "Never");
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["serviceAccountName"], "builder");
        assert_eq!(pod["priorityClassName"], "low");
        assert_eq!(pod["nodeSelector"], json!({"pool": "build"}));
        assert_eq!(pod["imagePullSecrets"], json!([{"name": "pull"}]));
        // An hour for the work, ten minutes for images.
        assert_eq!(pod["activeDeadlineSeconds"], 4200);
        assert_eq!(
            pod["securityContext"]["seccompProfile"]["type"],
            "RuntimeDefault"
        );
        assert_eq!(
            pod["tolerations"][0],
            json!({"key": "dedicated", "operator": "Exists"})
        );
        let main = &pod["containers"][0];
        assert_eq!(main["image"], "registry.example/golang@sha256:1");
        let amounts =
            json!({"cpu": "1500m", "memory": "1073741824", "ephemeral-storage": "5368709120"});
        assert_eq!(main["resources"]["requests"], amounts);
        assert_eq!(main["resources"]["limits"], amounts);
        assert_eq!(main["securityContext"]["allowPrivilegeEscalation"], false);
        assert_eq!(
            main["securityContext"]["capabilities"]["drop"],
            json!(["ALL"])
        );
        let volumes = pod["volumes"].as_array().expect("volumes");
        let is_empty = |volume: &&Value| volume["emptyDir"]["sizeLimit"] == "5368709120";
        assert_eq!(volumes.iter().filter(is_empty).count(), 2);
        assert_eq!(volumes[2]["secret"]["secretName"], "push");
        let annotations = &job["spec"]["template"]["metadata"]["annotations"];
        assert_eq!(
            annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"],
            "false"
        );
    }

    #[test]
    fn an_old_server_gets_no_younger_field() {
        let settings = ClusterSettings {
            push_secret: Some("push".to_owned()),
            ..ClusterSettings::default()
        };
        let of = |minor| {
            let mut found = BTreeSet::new();
            fields(&made(&settings, minor), "", &mut found);
            found
        };
        let (old, new) = (of(8), of(20));
        let pod = ".spec.template.spec";
        let younger: BTreeSet<_> = new.difference(&old).cloned().collect();
        let expected = [
            // 1.13, 1.19.
            format!("{pod}.enableServiceLinks"),
            format!("{pod}.securityContext"),
            format!("{pod}.securityContext.seccompProfile"),
            format!("{pod}.securityContext.seccompProfile.type"),
            // 1.10.
            format!("{pod}.volumes.emptyDir.sizeLimit"),
        ];
        assert_eq!(younger, BTreeSet::from(expected));
        // Each was in the API of 1.8.
        let names: BTreeSet<_> = old
            .iter()
            .filter_map(|path| path.rsplit('.').next())
            .collect();
        let known = "activeDeadlineSeconds add affinity allowPrivilegeEscalation annotations apiVersion \
            automountServiceAccountToken backoffLimit capabilities command completions containers drop effect emptyDir env \
            fieldPath fieldRef image imagePullPolicy initContainers items key kind labelSelector labels limits matchLabels \
            metadata mountPath name operator parallelism path podAffinityTerm podAntiAffinity \
            preferredDuringSchedulingIgnoredDuringExecution privileged readOnly requests resources restartPolicy secret \
            secretName securityContext spec template terminationGracePeriodSeconds terminationMessagePolicy \
            tolerationSeconds tolerations topologyKey value valueFrom volumeMounts volumes weight";
        assert_eq!(names, known.split_whitespace().collect());
    }
}
