//! Looks whether the cluster lets this user do what is needed.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::Api;
use kube::api::{ListParams, PostParams};

use super::engine::KubernetesEngine;
use super::failure::failed;
use super::state::shown;
use crate::engine::cluster::{ClusterExamined, ClusterRight};
use crate::engine::error::EngineError;
use crate::events::Silent;
use crate::transport::{Access, ArtifactName, Place};

/// Exactly the verbs that are used: verb, group, resource.
const USED: [(&str, &str, &str); 8] = [
    ("create", "batch", "jobs"),
    ("get", "batch", "jobs"),
    ("list", "batch", "jobs"),
    ("watch", "batch", "jobs"),
    ("delete", "batch", "jobs"),
    ("list", "", "pods"),
    ("watch", "", "pods"),
    ("list", "", "events"),
];
/// Most quotas that are told.
const MOST_QUOTAS: u32 = 20;

impl KubernetesEngine {
    /// As [`crate::engine::ClusterApi::examine`].
    pub(super) async fn look(&self) -> Result<ClusterExamined, EngineError> {
        let mut rights = Vec::new();
        for (verb, group, resource) in USED {
            rights.push(ClusterRight {
                verb,
                resource,
                is_granted: self.may(verb, group, resource).await?,
            });
        }
        Ok(ClusterExamined {
            namespace: self.namespace.clone(),
            rights,
            quotas: self.quotas().await,
            registry: self.registry_answers().await,
        })
    }

    async fn may(
        &self,
        verb: &'static str,
        group: &str,
        resource: &'static str,
    ) -> Result<bool, EngineError> {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    namespace: Some(self.namespace.clone()),
                    verb: Some(verb.to_owned()),
                    group: Some(group.to_owned()),
                    resource: Some(resource.to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), &review).await;
        let answer = answer.map_err(|error| {
            failed(
                error,
                self.asked("create", "selfsubjectaccessreviews", resource),
            )
        })?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    /// What quotas leave, for people; nothing where this user may not read them.
    async fn quotas(&self) -> Vec<String> {
        let quotas: Api<ResourceQuota> = Api::namespaced(self.client.clone(), &self.namespace);
        let parameters = ListParams::default().limit(MOST_QUOTAS);
        let Ok(listed) = quotas.list(&parameters).await else {
            return Vec::new();
        };
        let told = listed.items.into_iter().map(|quota| {
            let name = quota.metadata.name.unwrap_or_default();
            let status = quota.status.unwrap_or_default();
            let (hard, used) = (
                status.hard.unwrap_or_default(),
                status.used.unwrap_or_default(),
            );
            let parts = hard.iter().map(|(resource, hard)| {
                let used = used.get(resource).map_or("0", |used| used.0.as_str());
                format!("{resource} {used} of {}", hard.0)
            });
            shown(&format!("{name}: {}", parts.collect::<Vec<_>>().join(", ")))
        });
        told.collect()
    }

    /// Why the registry does not answer, if it does not: it is asked for a tag that need not be there.
    async fn registry_answers(&self) -> Result<(), EngineError> {
        let place: &Place = crate::engine::ClusterApi::exchange(self);
        let pull = |source| EngineError::Pull {
            reference: place.to_string(),
            source: Box::new(source),
        };
        let opened = self.transport.open(place, Access::Read, &Silent).await;
        let asked = opened
            .map_err(pull)?
            .digest_of(&ArtifactName::Tag("latest".to_owned()))
            .await;
        asked.map(drop).map_err(pull)
    }
}
