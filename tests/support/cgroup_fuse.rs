//! A memory hierarchy that a real file system of the tests answers for, in the way in which 3.x kernels do:
//! reading memory.kmem.slabinfo fails with EIO where accounting is off. Plain files cannot do that.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory,
    ReplyEntry, ReplyOpen, Request,
};
use tempfile::TempDir;

/// What a file of a cgroup answers.
#[derive(Clone)]
pub enum Answer {
    /// This text.
    Text(&'static str),
    /// An error when it is read.
    Error(Errno),
}

enum Content {
    Folder,
    File(Answer),
    /// Listed in its folder, and gone when it is asked for.
    Gone,
}

struct Node {
    parent: usize,
    name: String,
    content: Content,
}

/// The hierarchy before it is mounted; the first node is the root.
pub struct Cgroups {
    nodes: Vec<Node>,
}

/// The mounted hierarchy, until it is dropped.
pub struct Mounted {
    // In this order: a folder that is mounted on cannot be removed.
    _session: BackgroundSession,
    folder: TempDir,
}

impl Mounted {
    /// Its root.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }
}

impl Cgroups {
    /// One with an empty root.
    pub fn new() -> Self {
        let mut cgroups = Self {
            nodes: vec![Node {
                parent: 0,
                name: String::new(),
                content: Content::Folder,
            }],
        };
        cgroups.file("cgroup.procs", Answer::Text("1\n"));
        cgroups
    }

    /// A cgroup with a process whose slabinfo answers that.
    pub fn cgroup(mut self, path: &str, slabinfo: Answer) -> Self {
        self.file(&format!("{path}/memory.kmem.slabinfo"), slabinfo);
        self.file(
            &format!("{path}/memory.kmem.usage_in_bytes"),
            Answer::Text("0\n"),
        );
        self.file(&format!("{path}/cgroup.procs"), Answer::Text("7\n"));
        self
    }

    /// A cgroup that is gone as soon as one looks.
    pub fn gone(mut self, path: &str) -> Self {
        self.node(path, Content::Gone);
        self
    }

    /// A file with that answer.
    pub fn file(&mut self, path: &str, answer: Answer) {
        self.node(path, Content::File(answer));
    }

    /// Mounts it on a temporary folder.
    pub fn mount(self) -> Mounted {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::RO,
            MountOption::FSName("kmembuild-test".to_owned()),
        ];
        let session = fuser::spawn_mount(self, folder.path(), &config);
        Mounted {
            _session: session.expect("this test needs /dev/fuse and the right to mount"),
            folder,
        }
    }

    fn node(&mut self, path: &str, content: Content) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut parent = 0;
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            parent = self.child(parent, part).unwrap_or_else(|| {
                self.nodes.push(Node {
                    parent,
                    name: part.to_owned(),
                    content: Content::Folder,
                });
                self.nodes.len() - 1
            });
        }
        self.nodes.push(Node {
            parent,
            name: name.to_owned(),
            content,
        });
    }

    fn child(&self, parent: usize, name: &str) -> Option<usize> {
        let mut nodes = self.nodes.iter().enumerate().skip(1);
        let found = nodes.find(|(_, node)| node.parent == parent && node.name == name);
        found.map(|(number, _)| number)
    }

    /// The node of an inode; the root's is 1.
    fn at(&self, inode: INodeNo) -> Option<(usize, &Node)> {
        let number = usize::try_from(inode.0).ok()?.checked_sub(1)?;
        Some((number, self.nodes.get(number)?))
    }

    fn attributes(&self, number: usize) -> FileAttr {
        let folder = matches!(self.nodes[number].content, Content::Folder);
        FileAttr {
            ino: inode(number),
            size: 0,
            blocks: 0,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: if folder {
                FileType::Directory
            } else {
                FileType::RegularFile
            },
            perm: if folder { 0o755 } else { 0o444 },
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 512,
            flags: 0,
        }
    }
}

fn inode(number: usize) -> INodeNo {
    INodeNo(number as u64 + 1)
}

impl Filesystem for Cgroups {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let parent = self.at(parent).map(|(number, _)| number);
        let found = parent.and_then(|parent| self.child(parent, &name.to_string_lossy()));
        match found.filter(|&number| !matches!(self.nodes[number].content, Content::Gone)) {
            Some(number) => reply.entry(&Duration::ZERO, &self.attributes(number), Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.at(inode) {
            Some((number, _)) => reply.attr(&Duration::ZERO, &self.attributes(number)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // As files of the kernel's they have no size, so that reading must not go by it.
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.at(inode).map(|(_, node)| &node.content) {
            Some(Content::File(Answer::Text(text))) => {
                let from = usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(text.len());
                let until = from.saturating_add(size as usize).min(text.len());
                reply.data(&text.as_bytes()[from..until]);
            }
            Some(Content::File(Answer::Error(error))) => reply.error(*error),
            _ => reply.error(Errno::ENOENT),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        parent: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let parent = self.at(parent).map(|(number, _)| number);
        let nodes = self.nodes.iter().enumerate().skip(1);
        let children = nodes.filter(|(_, node)| Some(node.parent) == parent);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for (place, (number, node)) in children.enumerate().skip(from) {
            let kind = match node.content {
                Content::File(_) => FileType::RegularFile,
                Content::Folder | Content::Gone => FileType::Directory,
            };
            if reply.add(inode(number), place as u64 + 1, kind, &node.name) {
                break;
            }
        }
        reply.ok();
    }
}
