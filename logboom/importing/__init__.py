"""Other shippers' configurations as ours."""

from logboom.importing.alert_rules import import_alert_rules
from logboom.importing.alertmanager import import_alertmanager
from logboom.importing.filebeat import import_filebeat
from logboom.importing.logstash import import_logstash
from logboom.importing.translation import Note, Translation
from logboom.importing.writing import as_yaml

__all__ = [
    "Note",
    "Translation",
    "as_yaml",
    "import_alert_rules",
    "import_alertmanager",
    "import_filebeat",
    "import_logstash",
]
