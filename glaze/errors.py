"""Everything that can go wrong on purpose. Every message says what happened, with the numbers, and what to do next.

    GlazeError
    ├── SettingsError            a setting that does not exist or does not fit
    ├── ArtworkError             a picture that cannot be glazed
    │   ├── ArtworkNotFound
    │   ├── ArtworkUnreadable
    │   ├── ArtworkUnsupported
    │   ├── ArtworkTooSmall
    │   └── ArtworkTooLarge
    ├── DecoyError               a decoy picture or style that cannot serve
    ├── InspectionError          two pictures that cannot be compared
    ├── SaveError                the result could not be written
    ├── WeightsError             a network's file is missing or damaged
    ├── PackError                a pack that does not exist, or whose files cannot be changed
    │   └── DownloadError        a pack that could not be downloaded
    ├── LedgerError              what was glazed here, and the queue, cannot be kept; told, never raised
    ├── OutOfMemory              the computer's memory did not suffice
    ├── MachineError             a computer that Glaze cannot run on
    ├── HostError                a house service that cannot be run so
    ├── ServiceError             what a house service does not do for an artist, or not now
    ├── ClusterError             a cluster that cannot be used, or lost a picture
    ├── StudioError              the studio cannot be opened
    ├── BenchError               the pages of many artists ask for more than one computer can do at once
    ├── Unexpected               a mistake in Glaze itself, caught where a job would otherwise die without a word
    └── Cancelled                the artist asked to stop

Each class has English templates by key. The page shows a translation under the same key (`error.KEY` in
glaze/studio/locale), filled with the same fields, so a message is never put together from pieces.
"""

from __future__ import annotations

from typing import ClassVar


class GlazeError(Exception):
    """Base of all errors that a user is meant to read.

    `key` names the message, `fields` fill it. Raises KeyError where the class has no such key or a field is missing:
    a mistake in the program, not of the user.
    """

    templates: ClassVar[dict[str, str]] = {}

    def __init__(self, key: str, **fields: object) -> None:
        self.key = key
        self.fields = fields
        super().__init__(self.templates[key].format(**fields))

    def __reduce__(self) -> tuple[object, ...]:
        # By default it would be made again from its message alone.
        return _remade, (type(self), self.key, self.fields)


def _remade(kind: type[GlazeError], key: str, fields: dict[str, object]) -> GlazeError:
    return kind(key, **fields)


class SettingsError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "unknown_choice": "{name} cannot be '{value}'. Choose one of: {choices}.",
        "two_decoys": "A glaze has one decoy, and two are named: the picture '{path}' and the style '{style}'. Leave "
        "one of them out.",
    }


class ArtworkError(GlazeError):
    pass


class ArtworkNotFound(ArtworkError):
    templates: ClassVar[dict[str, str]] = {
        "missing": "There is no file '{path}'. Check the name and the folder.",
        "folder": "'{path}' is a folder where a picture was expected. Name a picture in it.",
        "empty_folder": "No pictures in '{path}'. Glaze reads {formats}.",
        "no_permission": "'{path}' may not be read. Check the file's permissions, or copy it elsewhere first.",
    }


class ArtworkUnreadable(ArtworkError):
    templates: ClassVar[dict[str, str]] = {
        "empty": "'{path}' is empty (0 bytes). Export the picture again.",
        "not_a_picture": "'{path}' is not a picture that can be read. Glaze reads {formats}.",
        "damaged": "'{path}' is damaged or incomplete. Export or download it again.",
        "not_numbers": "'{path}' holds values that are no colours (NaN or infinity). Export it as 8- or 16-bit.",
    }


class ArtworkUnsupported(ArtworkError):
    templates: ClassVar[dict[str, str]] = {
        "animated": "'{path}' has {frames} frames. Glaze works on still pictures: export the frame you want.",
        "format": "'{path}' is a {format} file, which Glaze cannot read. Export it as PNG, JPEG or TIFF.",
        "mode": "'{path}' stores its colours as {mode}, which Glaze cannot read. Export it as RGB, 8- or 16-bit.",
    }


class ArtworkTooSmall(ArtworkError):
    templates: ClassVar[dict[str, str]] = {
        "size": "'{path}' is {width}x{height} px; at least {least}x{least} is needed. Use a larger version.",
    }


class ArtworkTooLarge(ArtworkError):
    templates: ClassVar[dict[str, str]] = {
        "size": "'{path}' is {width}x{height} px, {megapixels} megapixels; at most {most} can be glazed. "
        "Make it smaller first.",
    }


class ArtworkTooPlain(ArtworkError):
    templates: ClassVar[dict[str, str]] = {
        "no_room": "In '{path}' any change would be seen: it is all flat, white or black. It was left as it is, "
        "unprotected. Try intensity 'high', or a picture with more in it.",
    }


class DecoyError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "too_plain": "'{path}' has too little texture to serve as a decoy. Choose a picture with visible brushwork.",
        "no_picture": "No decoy picture is there yet. Choose one, or let Glaze draw the decoy.",
        "unknown_style": "There is no decoy style '{name}'. Choose one of: {choices}.",
    }


class InspectionError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "another_picture": "'{path}' does not show the same picture as '{original}'. Choose the original that it was "
        "made from, and a copy that is not turned, mirrored or framed.",
        "cropped": "'{path}' shows only about {share} % of '{original}': it was cropped. How much of a glaze is left "
        "can be measured on a whole copy only. Choose one that is not cropped.",
        "decoy_gone": "The decoy picture '{path}' is not there any more, so it cannot be measured how far the style "
        "moved toward it. Put it back, or name it where it is now.",
        "decoy_unknown": "It was glazed toward a decoy picture of your own, and none is named. Name that picture.",
    }


class SaveError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "no_folder": "The folder '{folder}' cannot be made or is a file. Choose another folder.",
        "no_permission": "Nothing may be written in '{folder}'. Choose another folder, on the command line with --out.",
        "disk_full": "The disk of '{folder}' is full. Free some space and glaze again; nothing was written.",
        "not_written": "'{path}' could not be written ({reason}). Nothing was left behind; try another folder.",
        "nothing_finished": "There is no finished picture for '{path}'. Wait until one is done, and try again.",
        "over_budget": "'{path}' came out more visible than the budget allows and was removed. Please report this.",
        "relative": "'{folder}' does not say where the folder is. Write it in full, like {example}",
        "wiped": "'{folder}' is where Glaze keeps what it wipes at its next start. Choose another folder.",
        "not_kept": "What you chose could not be kept: '{path}' cannot be written ({reason}). Give yourself the right "
        "to write there or free some space, then choose again.",
    }


class WeightsError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "missing": "'{path}' is missing. Download Glaze again, or set GLAZE_WEIGHTS to the folder that has it.",
        "damaged": "'{path}' is damaged or not what this version expects. Download Glaze again.",
        "pack_damaged": "'{path}' is damaged or not what this version expects. Download its pack again: "
        "python -m glaze weights get {pack}",
        "no_diffusion": "The picture was to be redrawn by Stable Diffusion, and not all of it is in '{path}'. Download "
        "it (python -m glaze weights get studio), or redraw by patches (--redraw patches).",
        "no_encoder": "There is no encoder '{path}'. Check the name, or download the encoder first.",
        "no_config": "'{path}' has no config.json, so it is no autoencoder of diffusers. Name the folder that has one; "
        "in a downloaded model it is called vae.",
        "unknown_kind": "'{path}' holds a {found}, and Glaze cannot look through one. It can look through: {choices}.",
        "no_safetensors": "'{path}' has no diffusion_pytorch_model.safetensors. Download the weights in that format; "
        "other formats can run programs, so Glaze does not open them. If it is a tiny autoencoder in one .safetensors "
        "file of another name, name that file instead of the folder.",
        "encoder_damaged": "The encoder '{path}' is damaged or incomplete. Download the folder again.",
        "not_tiny": "'{path}' is damaged or no tiny autoencoder. Download it again, or name a folder of diffusers.",
        "same_family": "Two encoders are of the family '{family}'. Leave one out, or name one otherwise: NAME=FOLDER.",
    }


class PackError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "unknown": "There is no pack '{name}'. Choose one of: {choices}.",
        "not_written": "Nothing can be written in '{folder}' ({reason}). Give yourself the right to write there, or "
        "set GLAZE_PACKS to another folder.",
        "not_removed": "'{path}' could not be deleted ({reason}). Close what uses it and try again.",
    }


class DownloadError(PackError):
    templates: ClassVar[dict[str, str]] = {
        "unreachable": "{host} could not be reached ({reason}). Check the connection, and whether a firewall or a "
        "proxy stands in the way; then start the download again.",
        "broken": "The connection to {host} broke off. {done} MB of the file are kept: start the download again, and "
        "it goes on from there.",
        "silent": "{host} stopped sending. {done} MB of the file are kept: start the download again, and it goes on "
        "from there.",
        "busy": "{host} has too much to do and asks to come back later ({status}). Wait some minutes, then start the "
        "download again.",
        "trouble": "{host} has trouble of its own ({status}). Start the download again later.",
        "not_found": "{host} does not have '{file}' any more ({status}). Get a newer Glaze, or report this.",
        "forbidden": "{host} does not give out '{file}' to everyone ({status}). Get a newer Glaze, or report this.",
        "refused": "{host} refused '{file}' ({status}). A proxy may stand in the way; else please report this.",
        "circles": "{host} only sends from one address to the next instead of giving out '{file}'. Try again later.",
        "changed": "{host} now has another '{file}' than the one that was known. Nothing of it was downloaded. Get "
        "a newer Glaze, or report this.",
        "wrong_size": "'{file}' from {host} has {found} bytes, and {expected} were expected. It was not kept. Start "
        "the download again; if that does not help, please report this.",
        "wrong_hash": "'{file}' from {host} is not the file that was expected (its checksum is another). It was "
        "deleted. Start the download again; if that does not help, please report this.",
        "not_weights": "'{file}' holds no weights that Glaze can use. It was not kept. Please report this.",
        "no_room": "The download needs {needed} MB on the disk of '{folder}', and {free} MB are free. Free some space, "
        "or set GLAZE_PACKS to a folder on another disk.",
        "disk_full": "The disk of '{folder}' is full. Nothing half-written was left. Free some space, then start "
        "the download again.",
        "not_written": "Nothing can be written in '{folder}' ({reason}). Give yourself the right to write there, or "
        "set GLAZE_PACKS to another folder.",
        "mistake": "Something in Glaze itself went wrong with the download ({reason}). Please report it.",
        "running": "The pack '{pack}' is being downloaded already. Wait until that is done.",
    }


class LedgerError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "damaged": "The file in which Glaze remembers its queue and what it has glazed was damaged. It was set aside "
        "as '{aside}', and a new one was begun. Your pictures are untouched; add those that were still waiting again.",
        "unwritable": "Glaze cannot write to '{path}' ({reason}). It works on, but when it is closed it forgets its "
        "queue and what it has glazed. Free some space or check the permissions, then start Glaze again.",
        "newer": "'{path}' was written by a newer Glaze, so this one leaves it alone. It works on, but when it is "
        "closed it forgets its queue and what it has glazed. Start the newer Glaze instead.",
    }


class OutOfMemory(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "memory": "This computer ran out of memory on '{path}'. Close other programs, or glaze a smaller version.",
    }


class MachineError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "bits": "Glaze needs a 64-bit Python, and this one is 32-bit. Install a 64-bit one from python.org. Where that "
        "is not possible, the University of Chicago's WebGlaze works in the browser, by invitation: {webglaze}",
        "python": "Glaze needs Python {least} or newer, and this is {found}. Install a newer one from python.org. "
        "Where that is not possible, the University of Chicago's WebGlaze works in the browser, by invitation: "
        "{webglaze}",
        "memory": "Glaze needs {least} GB of memory, and this computer has {found} GB. Use another computer, or the "
        "University of Chicago's WebGlaze, which works in the browser, by invitation: {webglaze}",
    }


class ClusterError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "not_installed": "--cluster needs Ray, which is not installed. Install it from Glaze's folder with: {command}",
        "unreachable": "There is no cluster to join at '{address}' ({reason}). Check the address, and that Ray runs "
        "there and on this computer: docs/cluster.md says how to start it.",
        "other_ray": "The cluster at '{address}' has another Ray or Python than this computer ({reason}). Install the "
        "same on all of them.",
        "no_glaze": "A computer in the cluster cannot start Glaze ({reason}). Install Glaze there, for the Python that "
        "Ray runs with.",
        "other_glaze": "'{computer}' in the cluster has Glaze {theirs}, and this computer has {ours}. Bring the same "
        "to both.",
        "other_networks": "'{computer}' in the cluster does not have the same networks as this computer: {names}. "
        "Glazes would come out differently. Bring the same packs and encoders to both, under the same names.",
        "no_room": "No computer in the cluster had {threads} processors or a graphics card, and {memory} GB of memory, "
        "free within {seconds} s. Wait until other work there is done, or ask for less with --threads.",
        "gone": "The cluster is gone: no worker is left, and none came back within {seconds} s. What was finished is "
        "kept. Start the cluster and run the same command again: it goes on from there.",
        "lost": "The cluster lost '{path}' {times} times, because whatever worked on it broke off. Your picture is "
        "untouched. Its memory may be too small there: glaze a smaller version, or this one on this computer.",
    }


class HostError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "not_installed": "The house service needs packages that are not installed. Install them from Glaze's folder "
        "with: {command}",
        "no_settings": "The settings '{path}' cannot be read ({reason}). Check the name after --config.",
        "not_toml": "The settings '{path}' are not TOML ({reason}). docs/host.md has an example.",
        "unknown_setting": "The settings '{path}' name '{name}', which there is not. Choose one of: {choices}.",
        "wrong_setting": "In the settings '{path}', {name} cannot be {value!r}. It must be: {expected}.",
        "no_data_folder": "The folder '{path}' of the service cannot be used ({reason}). Name another one in the "
        "settings: data, under [storage].",
        "no_database": "The database cannot be opened ({reason}). Check its address in the settings: database, under "
        "[storage].",
        "other_database": "The database was made by another version of Glaze ({found}, and this one knows {expected}). "
        "Start that version, or bring the backup that fits this one.",
        "in_use": "Another Glaze serves from '{path}' already. Close that one first.",
        "no_artist": "There is no artist of the name '{name}'. See who there is with: python -m glaze artists",
        "no_invitation": "There is no invitation '{name}' that could be revoked. See which there are with: python -m "
        "glaze invitations",
    }


class ServiceError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "bad_invitation": "This invitation is not good: it was used, taken back or has run out, or a letter is "
        "missing. Ask whoever sent it for a new one.",
        "bad_name": "A name has {least} to {most} letters, digits, spaces, points or hyphens. Choose another one.",
        "name_taken": "Somebody here has this name, or one that looks like it. Choose another one.",
        "short_passphrase": "A passphrase has at least {least} characters. Take four or five words that you can "
        "remember.",
        "long_passphrase": "A passphrase has at most {most} characters. Choose a shorter one.",
        "plain_passphrase": "This passphrase is too easy to guess. Take four or five words that do not go together.",
        "rules": "To join, confirm that you glaze your own work, made by hand, without generative AI.",
        "bad_email": "This is no e-mail address. Write it like name@example.org, or leave it empty.",
        "wrong_passphrase": "The name or the passphrase is wrong. Try again.",
        "locked": "There were too many wrong attempts. Wait {minutes} minutes, then try again.",
        "too_fast": "These were too many requests at once. Wait a minute, then go on.",
        "signed_out": "You are signed out. Sign in, then do it again.",
        "elsewhere": "The request came from another page, so nothing was done. Open this page anew and do it again.",
        "day_full": "You can glaze {most} pictures a day here, and you have. Come back in {hours} hours.",
        "queue_full": "{most} of your pictures wait already. Wait until one is done, then send the next.",
        "upload_size": "The file has more than {most} MB. Export it smaller, or as JPEG, and send it again.",
        "upload_pixels": "The picture has {megapixels} megapixels; at most {most} can be glazed here. Make it smaller "
        "first.",
        "upload_empty": "No picture arrived. Choose one and send it again.",
        "upload_hard": "The picture could not be opened within the time and memory that there are for it. Export it "
        "anew as PNG or JPEG, and send it again.",
        "too_slow": "This render quality is not offered here. Choose a lower one.",
        "disk_full": "There is no room for more pictures here right now. Try again later, or tell your host.",
        "no_job": "There is no such picture here, or not any more.",
        "not_done": "This picture is not done yet. Come back when it is.",
        "lost": "Whatever worked on this picture broke off {times} times. Make it smaller and send it again.",
        "mistake": "Something went wrong here with this picture, and it was noted for your host. Send it again; if "
        "that does not help, ask your host.",
        "waited": "This picture waited for {hours} hours and was given up. Send it again when there is less to do.",
        "no_token": "There is no such token, or not any more.",
        "many_tokens": "You have {most} tokens already. Delete one that you do not need.",
        "bad_token_name": "Give the token a name of at most {most} letters, so that you know it later.",
    }


class StudioError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "no_answer": "Glaze is open already (process {process} on {computer}), but it does not answer. Close that one, "
        "or restart the computer, and start Glaze again.",
        "still_starting": "Another Glaze has been starting or closing for {seconds} s. Wait until it is done, or close "
        "it, and start Glaze again.",
    }


class BenchError(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "busy": "Too many people ask for this right now. Wait a minute, then try again.",
        "broke_off": "This took too long or needed too much memory, and was stopped. Try it with a smaller picture.",
    }


class Unexpected(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "mistake": "Something in Glaze itself went wrong with '{path}' ({reason}). Your picture is untouched. Please "
        "report it, with what was written to {log}.",
        "hosted": "Something in Glaze itself went wrong with '{path}'. Your picture is untouched. Please tell your "
        "host, with the time.",
    }


class Cancelled(GlazeError):
    templates: ClassVar[dict[str, str]] = {
        "cancelled": "Stopped. Nothing was written.",
        "download": "Stopped. What was downloaded so far is kept, and the next download goes on from there.",
    }
