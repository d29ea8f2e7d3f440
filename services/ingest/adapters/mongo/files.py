"""Attachments in MongoDB: small ones in one document, larger ones in pieces behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pymongo
from bson.binary import Binary
from pymongo.errors import BulkWriteError, PyMongoError

from chassis.chunks import PIECE, Chunks
from chassis.clock import Clock
from chassis.errors import NotFound
from chassis.mongo import Document, Documents, name_failure, named_failures
from services.ingest.domain.received import AttachmentPart, StoredAttachment

_INLINE = PIECE
FILE_PREFIX = "file-"
_DUPLICATE = 11000


class MongoFiles:
    """Files by attachment id."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._rows = database["files"]
        self._chunks = Chunks(database, clock)
        self._clock = clock

    def keep(self, files: Sequence[tuple[str, AttachmentPart]]) -> None:
        """Keep files under these ids; keeping them again replaces them."""
        if not files:
            return
        documents = [self._document(attachment_id, part) for attachment_id, part in files]
        try:
            self._rows.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            errors = (error.details or {}).get("writeErrors", [])
            if any(found.get("code") != _DUPLICATE for found in errors) or not errors:
                raise name_failure(error) from error
            # Read before: the same bytes, or what a mended reader makes of them.
            again = [documents[found["index"]] for found in errors]
            with named_failures():
                self._rows.bulk_write(
                    [pymongo.ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in again],
                    ordered=False,
                )
        except PyMongoError as error:
            raise name_failure(error) from error

    def _document(self, attachment_id: str, part: AttachmentPart) -> Document:
        document: Document = {
            "_id": attachment_id,
            "name": part.name,
            "type": part.mime_type,
            "size": len(part.content),
            "cid": part.content_id,
            "inline": part.is_inline,
            "at": self._clock.now(),
        }
        if len(part.content) > _INLINE:
            document["file"] = self._chunks.write(part.content, FILE_PREFIX + attachment_id)
        else:
            document["data"] = Binary(part.content)
        return document

    def describe(self, attachment_ids: Sequence[str]) -> Mapping[str, StoredAttachment]:
        """What is kept under these ids; missing ones are left out."""
        if not attachment_ids:
            return {}
        with named_failures():
            found = self._rows.find({"_id": {"$in": list(attachment_ids)}}, {"data": 0})
            return {
                row["_id"]: StoredAttachment(
                    row["_id"],
                    row["name"],
                    row["type"],
                    row["size"],
                    row.get("cid", ""),
                    bool(row.get("inline")),
                )
                for row in found
            }

    def pieces(self, attachment_id: str) -> tuple[StoredAttachment, Iterator[bytes]]:
        """The file and its bytes in pieces of at most 1 MB. Raises NotFound."""
        with named_failures():
            row = self._rows.find_one({"_id": attachment_id})
        if row is None:
            raise NotFound(f"no attachment {attachment_id}")
        file = StoredAttachment(row["_id"], row["name"], row["type"], row["size"])
        return file, (self._chunks.read(row["file"]) if "file" in row else iter((bytes(row["data"]),)))

    def read(self, attachment_id: str) -> bytes:
        """The file's bytes. Raises NotFound."""
        return b"".join(self.pieces(attachment_id)[1])

    def named(self, file_ids: Iterable[str]) -> set[str]:
        """Those of the files in pieces that an attachment names."""
        ids = [name.removeprefix(FILE_PREFIX) for name in file_ids if name.startswith(FILE_PREFIX)]
        with named_failures():
            return {FILE_PREFIX + row["_id"] for row in self._rows.find({"_id": {"$in": ids}}, {"_id": 1})}
