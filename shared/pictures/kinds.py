"""What a file is, told by its first bytes and only then by its name. Nothing is decoded here.

The seven formats that are read are a choice: Pillow could read more, but decoders that few
people use are where most of its holes are found, and one of them would start another program.
"""

import re

from shared.errors import Fate, SkipError
from shared.names import extension
from shared.records import HEAD_BYTES

READ_HERE = "PNG, JPEG, GIF, WebP, BMP, TIFF and PPM are read"

_MAGIC = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF.{4}WEBP",
    # Two letters would make pictures of texts, so the header's size has to be a known one too.
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "TIFF": rb"II[*+]\0(?!.{4}CR)|MM\0[*+]",
    "PPM": rb"P[1-6]\s+(?:#|\d+\s+\d)|Pf\s+\d",
}
_MAGIC_NOT_READ = {
    "HEIC": rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)",
    "AVIF": rb".{4}ftypavi[fs]",
    "JPEG XL": rb"\0\0\0\x0cJXL \r\n\x87\n",
    "JPEG 2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "JPEG XR": rb"II\xbc",
    "camera raw": rb"II[*]\0.{4}CR|IIR[OS]|IIU\0|FUJIFILMCCD-RAW|FOVb",
    "PSD": rb"8BPS\0",
    "EPS": rb"%!PS-Adobe-\d\.\d EPSF|\xc5\xd0\xd3\xc6",
    "SVG": rb"\s*<svg[\s>]",
    "DDS": rb"DDS \x7c\0\0\0",
    "OpenEXR": rb"\x76\x2f\x31\x01",
    "Radiance HDR": rb"#\?RADIANCE",
    "QOI": rb"qoif",
    "GIMP XCF": rb"gimp xcf ",
    "colour PFM or PAM": rb"PF\s+\d|P7\nWIDTH",
    "DjVu": rb"AT&TFORM",
    "MNG": rb"\x8a[JM]NG\r\n",
}
_FORMATS = {name: re.compile(magic, re.DOTALL) for name, magic in _MAGIC.items()}
_FORMATS_NOT_READ = {name: re.compile(m, re.DOTALL) for name, m in _MAGIC_NOT_READ.items()}

_NAMED_READ = re.compile(r"\.(?:a?png|jpe?g|jpe|jfif|gif|webp|bmp|tiff?|p[bfgnp]m)")
_NAMED_CAMERA_RAW = re.compile(r"\.(?:dng|cr[23w]|nef|nrw|arw|sr[2fw]|orf|rw2|raf|pef|x3f|3fr|iiq)")
_NAMED_NOT_READ = re.compile(
    r"\.(?:heic|heif|hif|avif|jxl|jp2|j2k|jp[fx]|jxr|[hw]dp|ps[db]|eps|svgz?|ico|cur|icns|tga|pcx"
    r"|dds|exr|qoi|xcf|dib|pam|djvu|mng|x[bp]m|[ew]mf)"
)


def picture_format(head: bytes) -> str | None:
    """Pillow's name of the format that a file begins like; None for one that is not read here."""
    return next((name for name, magic in _FORMATS.items() if magic.match(head)), None)


def check_is_picture(name: str, head: bytes) -> None:
    """Tell whether a file is worth reading as a picture.

    Parameters
    ----------
    name : str
        The file's name or path; only its extension counts.
    head : bytes
        Its first 64 bytes, or all of them where it is shorter.

    Raises
    ------
    SkipError
        ``not_an_image`` for another kind of file; ``unsupported_format`` for a picture of a
        format that is not read; ``corrupt`` for a file that is named like a picture that is read
        and begins like none.
    """
    head, suffix = head[:HEAD_BYTES], extension(name).lower()
    if _NAMED_CAMERA_RAW.fullmatch(suffix):
        # Its content may well be a TIFF, but what that opens as is only a thumbnail.
        raise SkipError(Fate.UNSUPPORTED_FORMAT, f"a camera's {suffix} file; {READ_HERE}")
    if picture_format(head):
        return
    for found, magic in _FORMATS_NOT_READ.items():
        if magic.match(head):
            raise SkipError(Fate.UNSUPPORTED_FORMAT, f"a picture in {found} format; {READ_HERE}")
    _check_name(suffix, head)


def _check_name(suffix: str, head: bytes) -> None:
    is_read = _NAMED_READ.fullmatch(suffix)
    if not is_read and not _NAMED_NOT_READ.fullmatch(suffix):
        raise SkipError(Fate.NOT_AN_IMAGE, "")
    if not head:
        raise SkipError(Fate.CORRUPT, "an empty file")
    if is_read:
        raise SkipError(Fate.CORRUPT, f"named {suffix}, but it does not begin like any picture")
    raise SkipError(Fate.UNSUPPORTED_FORMAT, f"a {suffix} file; {READ_HERE}")
