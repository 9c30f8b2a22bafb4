{# What staging takes from the input contract (models/staging/*/_*__sources.yml). Types, keys,
   version stamps and deletion flags stand there and nowhere else. #}

{# Every extract of the contract and the staging model that holds its records. dbt wants to see the
   sources and models of a model named before it runs, when the contract cannot be read yet; so they
   stand here, and an extract that is missing is refused. #}
{% macro staged_extracts() %}
    {%- set extracts = [
        ('crm', 'account', 'stg_crm__accounts'),
        ('crm', 'user', 'stg_crm__staff'),
        ('crm', 'product_vod__c', 'stg_crm__products'),
        ('crm', 'call2_vod__c', 'stg_crm__calls'),
        ('crm', 'call2_detail_vod__c', 'stg_crm__call_details'),
        ('crm', 'call2_key_message_vod__c', 'stg_crm__key_messages'),
        ('crm', 'sent_email_vod__c', 'stg_crm__sent_emails'),
        ('crm', 'multichannel_activity_vod__c', 'stg_crm__digital_activities'),
        ('crm', 'multichannel_consent_vod__c', 'stg_crm__consents'),
        ('crm', 'medical_inquiry_vod__c', 'stg_crm__inquiries'),
        ('crm', 'em_attendee_vod__c', 'stg_crm__event_attendees'),
        ('crm', 'access_barrier__c', 'stg_crm__barriers'),
        ('access', 'hub_enrollment', 'stg_access__enrollments'),
        ('access', 'hub_status_history', 'stg_access__case_statuses'),
        ('access', 'benefit_verification', 'stg_access__benefit_verifications'),
        ('access', 'prior_auth', 'stg_access__prior_auths'),
        ('access', 'sp_dispense', 'stg_access__dispenses'),
        ('access', 'nurse_contact', 'stg_access__nurse_contacts'),
        ('access', 'product_price', 'stg_access__prices'),
        ('access', 'copay_assist', 'stg_access__copay_claims'),
        ('support', 'case', 'stg_support__cases'),
        ('support', 'case_history', 'stg_support__case_changes'),
        ('support', 'survey_response', 'stg_support__survey_responses'),
    ] -%}
    {%- if execute -%}
        {%- set named = [] -%}
        {%- for system, extract, model_name in extracts -%}
            {%- do named.append(system ~ '.' ~ extract) -%}
        {%- endfor -%}
        {#- What landing and the calibration write is described as sources too, but has no key. -#}
        {%- for contract in graph.sources.values()
                if contract.config.meta.get('key')
                and contract.source_name ~ '.' ~ contract.name not in named -%}
            {{ exceptions.raise_compiler_error(
                'staged_extracts() in macros/contract.sql does not name '
                ~ contract.source_name ~ '.' ~ contract.name
            ) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return(extracts) }}
{% endmacro %}

{# The contract of an extract; one without columns before execution, when none can be read. #}
{% macro contract_of(system, extract) %}
    {%- if not execute -%}
        {{ return({'columns': {}, 'config': {'meta': {'key': []}}}) }}
    {%- endif -%}
    {%- for contract in graph.sources.values()
            if contract.source_name == system and contract.name == extract -%}
        {{ return(contract) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error('There is no contract of ' ~ system ~ '.' ~ extract) }}
{% endmacro %}

{# The contract of the one extract that the current model reads. #}
{% macro extract_contract() %}
    {%- for node_id in model.depends_on.nodes if node_id.startswith('source.') -%}
        {{ return(graph.sources[node_id]) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(model.name ~ ' reads no source: its contract is unknown') }}
{% endmacro %}

{# A contract column, parsed by its contract type; null where the value cannot be parsed. #}
{% macro typed(column) %}
    {%- if not execute -%}
        {{ return('null') }}
    {%- endif -%}
    {%- set columns = extract_contract().columns -%}
    {%- if column not in columns -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ ': the contract of ' ~ extract_contract().name ~ ' has no column ' ~ column
        ) }}
    {%- endif -%}
    {{ return(parse_value(adapter.quote(column), columns[column].config.meta.type)) }}
{% endmacro %}

{# How many delivered values of a row could not be parsed (they are null in the typed columns). #}
{% macro unparsed_values() %}
    {%- if not execute -%}
        {{ return('0') }}
    {%- endif -%}
    {%- set terms = [] -%}
    {%- for column in extract_contract().columns.values()
            if column.config.meta.type not in ('id', 'text') -%}
        {%- set raw = adapter.quote(column.name) -%}
        {%- do terms.append(
            'cast(' ~ parse_value(raw, 'text') ~ ' is not null and '
            ~ parse_value(raw, column.config.meta.type) ~ ' is null as integer)'
        ) -%}
    {%- endfor -%}
    {{ return(terms | join(' + ') or '0') }}
{% endmacro %}

{# Whether a row had been delivered by `as_known_on`. #}
{% macro is_known() %}
    {%- if var('as_known_on') -%}
        {{ return("_delivered_on <= cast('" ~ var('as_known_on') ~ "' as date)") }}
    {%- endif -%}
    {{ return('true') }}
{% endmacro %}

{# Rows to build from: delivered by `as_known_on`, and records at all, with a key and at least one
   required date. A total line is none: it stays in raw and is counted, but no model may take it for
   a record. #}
{% macro is_known_record() %}
    {%- if not execute -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set contract = extract_contract() -%}
    {%- set meta = contract.config.meta -%}
    {%- set conditions = [is_known()] -%}
    {%- for column in meta.key if column not in meta.get('key_parts_that_may_be_empty', []) -%}
        {%- do conditions.append(typed(column) ~ ' is not null') -%}
    {%- endfor -%}
    {%- set others = [] -%}
    {%- for column in contract.columns.values()
            if column.config.meta.get('required') and column.name not in meta.key
            and column.config.meta.type in ('date', 'ts') -%}
        {%- do others.append(parse_value(adapter.quote(column.name), 'text')) -%}
    {%- endfor -%}
    {%- if others -%}
        {%- do conditions.append('coalesce(' ~ (others + ['null']) | join(', ') ~ ') is not null') -%}
    {%- endif -%}
    {{ return(conditions | join(' and ')) }}
{% endmacro %}

{# Window that puts the version in force first: modification stamp, then delivery date, then content;
   never file or load order, because the order of arrival must not matter. #}
{% macro newest_version_first() %}
    {%- if not execute -%}
        {{ return('order by _content_hash') }}
    {%- endif -%}
    {%- set meta = extract_contract().config.meta -%}
    {%- set keys = [] -%}
    {%- for column in meta.key -%}
        {%- do keys.append(typed(column)) -%}
    {%- endfor -%}
    {{ return(
        'partition by ' ~ keys | join(', ')
        ~ ' order by ' ~ typed(meta.version_column) ~ ' desc nulls last'
        ~ ', _delivered_on desc, _content_hash desc'
    ) }}
{% endmacro %}

{# Whether a version says that its record is deleted. #}
{% macro is_deleted_version() %}
    {%- if not execute -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set flag = extract_contract().config.meta.get('deleted_when') -%}
    {%- if not flag -%}
        {{ return('false') }}
    {%- endif -%}
    {{ return('coalesce(cast(' ~ typed(flag.column) ~ " as varchar) = '" ~ flag.value ~ "', false)") }}
{% endmacro %}

{# The thread back to the file row: file id x 2^32 + line number. #}
{% macro source_row_id() %}
    {{- return('_file_id * 4294967296 + _row_number') -}}
{% endmacro %}

{# Patients who revoked their consent leave every access model with all rows of their case. The
   case id of the subquery is renamed: an unqualified `case_id` from outside would bind to it. #}
{% macro is_consented(case_id) %}
    {{- return(
        'not exists (select 1 from (select case_id as revoked_case_id from '
        ~ ref('stg_access__revoked_cases') ~ ') as revoked_cases where revoked_case_id = '
        ~ case_id ~ ')'
    ) -}}
{% endmacro %}

{# Whether a delivered file belongs to an extract that says how far the world is complete. #}
{% macro is_driving_extract(system, extract) %}
    {%- if not execute -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set conditions = [] -%}
    {%- for source_table in graph.sources.values()
            if source_table.config.meta.get('drives_as_of_date') -%}
        {%- do conditions.append(
            '(' ~ system ~ " = '" ~ source_table.source_name ~ "' and "
            ~ extract ~ " = '" ~ source_table.name ~ "')"
        ) -%}
    {%- endfor -%}
    {{ return(conditions | join(' or ')) }}
{% endmacro %}
