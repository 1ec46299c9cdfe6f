//! What images give to builds, in shared caches.

use super::cache::SharedCache;
use super::statement::SharedImage;
use crate::events::Sink;
use crate::plan::ImageContent;

impl SharedCache {
    /// What the image that is made from what has this identity gives to a build on an engine of that architecture, as one of
    /// the named keys has signed it.
    pub async fn image(
        &self,
        identity: &str,
        architecture: &str,
        sink: &dyn Sink,
    ) -> Option<ImageContent> {
        let name = name_of(identity, architecture);
        if let Ok(known) = self.known.lock()
            && let Some(content) = known.images.get(&name)
        {
            return content.clone();
        }
        let content = self.look_for_image(identity, architecture, sink).await;
        if let Ok(mut known) = self.known.lock() {
            known.images.insert(name, content.clone());
        }
        content
    }

    async fn look_for_image(
        &self,
        identity: &str,
        architecture: &str,
        sink: &dyn Sink,
    ) -> Option<ImageContent> {
        let name = name_of(identity, architecture);
        let subject = format!("image {identity} {architecture}");
        for place in &self.from {
            for signer in &self.keys {
                if place.is_given_up() {
                    break;
                }
                match self
                    .statement::<SharedImage>(place, (&name, &subject), signer, sink)
                    .await
                {
                    Ok(None) => {}
                    Ok(Some(image)) => return Some(image.content),
                    Err(error) => self.complain(place, &name, &error, sink),
                }
            }
        }
        None
    }

    /// Signs what an image gives to builds, and puts it into all places that do not know it. Where they know something else, it
    /// is replaced by what was `just_made`.
    pub async fn push_image(
        &self,
        identity: &str,
        content: &ImageContent,
        just_made: bool,
        sink: &dyn Sink,
    ) {
        let Some(own) = self.signing.as_ref().map(|signing| signing.public()) else {
            return;
        };
        let name = name_of(identity, &content.architecture);
        if let Ok(mut known) = self.known.lock()
            && known
                .put_images
                .insert(name.clone(), content.clone())
                .as_ref()
                == Some(content)
        {
            return;
        }
        let subject = format!("image {identity} {}", content.architecture);
        for place in &self.to {
            if place.is_given_up() {
                continue;
            }
            let found = self
                .statement::<SharedImage>(place, (&name, &subject), &own, sink)
                .await;
            let is_known = match found {
                Ok(Some(known)) => known.content == *content || !just_made,
                Err(error) if !error.is_of_the_entry() => {
                    place.give_up(&error, sink);
                    continue;
                }
                Ok(None) | Err(_) => false,
            };
            if !is_known {
                let image = SharedImage::new(identity, content);
                self.push_statement(place, &name, &image, sink).await;
            }
        }
    }
}

/// The name of an image, to which the signer's id is added.
fn name_of(identity: &str, architecture: &str) -> String {
    format!("image-{identity}-{architecture}")
}
