{#
Newly delivered rows that refer to nothing known, more often than earlier ones did. A first delivery,
or one whose counterpart was never delivered, is not asked.

key: column that refers.
parent, parent_key: table and column it refers to.
#}
{% set odd = key ~ " not in (select " ~ parent_key ~ " from " ~ parent ~ " where " ~ parent_key ~ " is not null)" %}
{% set among = key ~ " is not null" %}
{% set words = "refer to nothing known" %}
{% set provided = "earlier > 0 and exists (select 1 from " ~ parent ~ ")" %}
{% include "rows_more_often_odd.sql" %}
